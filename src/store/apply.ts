import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Change, Difference } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';
import { instantText } from './instant.ts';
import type { Database } from './tables.ts';

/** A difference to be written. */
export interface ApplyRecord {
  readonly source: string;
  readonly vdnId: number;
  /** The difference that was looked at and let pass; nothing else is applied. */
  readonly difference: Difference;
}

/** The instants of an apply, as text to the microsecond: neither passes through a Date, which would cut them. */
export interface Apply {
  readonly changes: readonly Change[];
  /**
   * When the changes hold from: the clock, but later than everything in the VDN's history even where the clock was set
   * back, so that no version ends before it begins.
   */
  readonly at: string;
  /** The plain clock: when the VDN was verified. */
  readonly verifiedAt: string;
}
export type Applies = ReadonlyMap<ApplyRecord, Apply>;

/**
 * Compares again with what is stored now, under the lock, and takes the instants. A VDN whose stored codes are not those
 * that the difference was made from is left out.
 */
export async function prepareApplies(
  trx: Transaction<Database>,
  records: readonly ApplyRecord[],
): Promise<Applies> {
  if (records.length === 0) return new Map();
  interface Row {
    readonly nth: number;
    readonly stored: number;
    readonly active: number;
    readonly at: string;
    readonly verifiedAt: string;
  }
  const { rows } = await sql<Row>`
    select asked.nth, codes.stored, codes.active, ${instantText(sql<Date>`clock.now`)} as "verifiedAt",
      ${instantText(sql<Date>`greatest(clock.now, history.newest + interval '1 microsecond')`)} as at
    from ${vdnsOf(records)}
    cross join lateral (select clock_timestamp() as now) as clock
    cross join lateral (
      select count(*)::integer as stored, (count(*) filter (where removed_at is null))::integer as active
      from result_code as c where c.source = asked.source and c.vdn_id = asked.vdn_id) as codes
    cross join lateral (
      select max(greatest(valid_from, valid_to)) as newest
      from result_code_history as h where h.source = asked.source and h.vdn_id = asked.vdn_id) as history`.execute(
    trx,
  );
  const found = new Map(rows.map((row) => [Number(row.nth), row]));
  // A first list has nothing to compare with.
  const toCompare = records.filter((_, index) => found.get(index + 1)?.stored !== 0);
  const differing = new Set((await differingNow(trx, toCompare)).map((nth) => toCompare[nth - 1]));
  return new Map(
    records.flatMap((record, index) => {
      const row = found.get(index + 1);
      if (row === undefined || row.active !== record.difference.activeBefore || differing.has(record))
        return [];
      const { at, verifiedAt } = row;
      return [[record, { changes: record.difference.changes, at, verifiedAt }]];
    }),
  );
}

/** Which of the records have a change that does not start from what is stored now; counted from 1. */
async function differingNow(trx: Transaction<Database>, records: readonly ApplyRecord[]): Promise<number[]> {
  const changes = records.flatMap(({ difference }, index) =>
    difference.changes.map((change) => ({ nth: index + 1, ...change })),
  );
  if (changes.length === 0) return [];
  const { rows } = await sql<{ nth: number }>`
    select distinct asked.nth
    from ${vdnsOf(records)}
    join unnest(${changes.map(({ nth }) => nth)}::integer[], ${changes.map(({ kind }) => kind)}::text[],
        ${changes.map(({ obsCode }) => obsCode)}::text[], ${changes.map(({ before }) => before)}::text[])
      as change (nth, kind, obs_code, before) on change.nth = asked.nth
    left join result_code as c
      on c.source = asked.source and c.vdn_id = asked.vdn_id and c.obs_code = change.obs_code
    where case change.kind
      when 'added' then c.obs_code is not null
      else c.obs_code is null or (c.removed_at is not null) <> (change.kind = 'returned')
        or c.obs_code_desc is distinct from change.before
      end`.execute(trx);
  return rows.map(({ nth }) => Number(nth));
}

function vdnsOf(records: readonly ApplyRecord[]): RawBuilder<unknown> {
  return sql`unnest(${records.map(({ source }) => source)}::text[], ${records.map(({ vdnId }) => vdnId)}::integer[])
    with ordinality as asked (source, vdn_id, nth)`;
}

/** The changes of all applies as rows, for a statement: `listed (source, vdn_id, at, kind, obs_code, text)`. */
function listed(applies: Applies, wanted: (change: Change) => boolean) {
  const vdns = [...applies].map(([{ source, vdnId }, { at, changes }], index) => ({
    ...{ source, vdnId, at },
    changes: changes.filter(wanted).map((change) => ({ nth: index + 1, ...change })),
  }));
  const changes = vdns.flatMap((vdn) => vdn.changes);
  const rows = sql`(
    select v.source, v.vdn_id, v.at, c.kind, c.obs_code, c.text
    from unnest(${vdns.map(({ source }) => source)}::text[], ${vdns.map(({ vdnId }) => vdnId)}::integer[],
        ${vdns.map(({ at }) => at)}::timestamptz[]) with ordinality as v (source, vdn_id, at, nth)
    join unnest(${changes.map(({ nth }) => nth)}::integer[], ${changes.map(({ kind }) => kind)}::text[],
        ${changes.map(({ obsCode }) => obsCode)}::text[], ${changes.map(({ after }) => after)}::text[])
      as c (nth, kind, obs_code, text) on c.nth = v.nth) as listed`;
  return { count: changes.length, rows };
}

export async function endVersions(
  trx: Transaction<Database>,
  applies: Applies,
  runId: number,
): Promise<void> {
  const ending = listed(applies, ({ kind }) => kind === 'changed' || kind === 'removed');
  if (ending.count === 0) return;
  const { numAffectedRows = 0n } = await sql`
    update result_code_history as h set valid_to = listed.at, closed_run_id = ${runId}
    from ${ending.rows}
    where h.source = listed.source and h.vdn_id = listed.vdn_id and h.obs_code = listed.obs_code
      and h.valid_to is null`.execute(trx);
  if (Number(numAffectedRows) !== ending.count) throw brokenHistory(ending.count, Number(numAffectedRows));
}

/** The codes as they are from now on, each with its new version. What is there already was compared under the lock. */
export async function beginVersions(
  trx: Transaction<Database>,
  applies: Applies,
  runId: number,
): Promise<void> {
  const changing = listed(applies, () => true);
  if (changing.count === 0) return;
  await sql`
    with listed as materialized (select * from ${changing.rows}),
    version as (
      insert into result_code_history (source, vdn_id, obs_code, obs_code_desc, valid_from, opened_run_id)
      select source, vdn_id, obs_code, text, at, ${runId}::integer from listed where kind <> 'removed'),
    rewritten as (
      update result_code as c
      set obs_code_desc = case when kind = 'removed' then c.obs_code_desc else text end, changed_at = at,
        removed_at = case when kind = 'removed' then at end
      from listed
      where kind <> 'added' and c.source = listed.source and c.vdn_id = listed.vdn_id
        and c.obs_code = listed.obs_code)
    insert into result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
    select source, vdn_id, obs_code, text, at, at from listed where kind = 'added'`.execute(trx);
}

export function staleCodes(): VdnError {
  return new VdnError(
    'stale-snapshot',
    'the stored codes changed while the list was read, so that the difference no longer fits. Nothing was written; the next ' +
      'run compares again.',
  );
}

function brokenHistory(expected: number, found: number): VdnError {
  return new VdnError(
    'database',
    `${expected} codes should have a current version in result_code_history, ${found} have one: the tables were changed by ` +
      'hand. Nothing was written. docs/operations.md has the query that finds such codes.',
  );
}
