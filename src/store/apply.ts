import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Change, Difference } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';
import { instantText } from './instant.ts';
import type { Database } from './tables.ts';

/** A difference to be written. */
export interface ApplyRecord {
  readonly source: string;
  readonly vdnId: number;
  /** The difference that the guard let pass; nothing else is applied. */
  readonly difference: Difference;
}

/** The times of an apply, as text to the microsecond. A Date would cut them. */
export interface Apply {
  readonly changes: readonly Change[];
  /**
   * From when the changes are valid: the clock, but later than everything in the VDN's history, even if the clock was
   * set back. So no version ends before it begins.
   */
  readonly at: string;
  /** The plain clock: when the VDN was verified. */
  readonly verifiedAt: string;
}
export type Applies = ReadonlyMap<ApplyRecord, Apply>;

/**
 * Compares again with what is stored now, under the lock, and takes the times. A VDN whose stored codes are not those
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
  const applies = new Map<ApplyRecord, Apply>();
  const notEmpty = new Map<ApplyRecord, Apply>();
  for (const { nth, stored, active, at, verifiedAt } of rows) {
    const record = records[Number(nth) - 1];
    if (record === undefined || active !== record.difference.activeBefore) continue;
    const apply = { changes: record.difference.changes, at, verifiedAt };
    applies.set(record, apply);
    // A first list has nothing to compare with.
    if (stored > 0) notEmpty.set(record, apply);
  }
  for (const record of await differingNow(trx, notEmpty)) applies.delete(record);
  return applies;
}

/** Records with a change whose old value is no longer what is stored. */
async function differingNow(trx: Transaction<Database>, applies: Applies): Promise<ApplyRecord[]> {
  const differing: ApplyRecord[] = [];
  for (const part of parts(applies)) {
    const { nth, kind, obsCode, before } = columnsOf(part);
    const { rows } = await sql<{ nth: number }>`
      with change as materialized (
        select asked.*, c.kind, c.obs_code, c.before
        from ${vdnsOf(part.map(({ record }) => record))}
        join unnest(${nth}::integer[], ${kind}::text[], ${obsCode}::text[], ${before}::text[])
          as c (nth, kind, obs_code, before) on c.nth = asked.nth)
      select distinct change.nth
      from change
      left join result_code as c
        on c.source = change.source and c.vdn_id = change.vdn_id and c.obs_code = change.obs_code
      where case change.kind
        when 'added' then c.obs_code is not null
        else c.obs_code is null or (c.removed_at is not null) <> (change.kind = 'returned')
          or c.obs_code_desc is distinct from change.before
        end`.execute(trx);
    for (const { nth } of rows)
      differing.push(...part.slice(Number(nth) - 1, Number(nth)).map(({ record }) => record));
  }
  return differing;
}

/**
 * Most changes in one statement; only very large lists need more than one. Statements hold them as a materialized table:
 * while a table has no statistics, a planner would else compare each change with each code of its VDN.
 */
const mostChanges = 20_000;

interface Part {
  readonly record: ApplyRecord;
  readonly at: string;
  readonly changes: readonly Change[];
}

/** All changes in parts: as parameters they take several times as much memory as here. */
function* parts(applies: Applies): Generator<readonly Part[]> {
  let part: Part[] = [];
  let room = mostChanges;
  for (const [record, { at, changes }] of applies) {
    for (let start = 0; start < changes.length; ) {
      const some = changes.slice(start, start + room);
      part.push({ record, at, changes: some });
      start += some.length;
      room -= some.length;
      if (room > 0) continue;
      yield part;
      part = [];
      room = mostChanges;
    }
  }
  if (part.length > 0) yield part;
}

/** A parameter for each column; `nth` is the place in the part, counted from 1. */
function columnsOf(part: readonly Part[], wanted: (change: Change) => boolean = () => true) {
  const nth: number[] = [];
  const kind: string[] = [];
  const obsCode: string[] = [];
  const before: (string | null)[] = [];
  const after: (string | null)[] = [];
  for (const [index, { changes }] of part.entries()) {
    for (const change of changes) {
      if (!wanted(change)) continue;
      nth.push(index + 1);
      kind.push(change.kind);
      obsCode.push(change.obsCode);
      before.push(change.before);
      after.push(change.after);
    }
  }
  return { nth, kind, obsCode, before, after };
}

function vdnsOf(records: readonly ApplyRecord[]): RawBuilder<unknown> {
  return sql`unnest(${records.map(({ source }) => source)}::text[], ${records.map(({ vdnId }) => vdnId)}::integer[])
    with ordinality as asked (source, vdn_id, nth)`;
}

/** Ends the old versions and begins the new ones. */
export async function writeVersions(
  trx: Transaction<Database>,
  applies: Applies,
  runId: number,
): Promise<void> {
  for (const part of parts(applies)) {
    await endVersions(trx, part, runId);
    await beginVersions(trx, part, runId);
  }
}

/** The changes of a part as rows, for a statement: `listed (source, vdn_id, at, kind, obs_code, text)`. */
function listed(part: readonly Part[], wanted?: (change: Change) => boolean) {
  const { nth, kind, obsCode, after } = columnsOf(part, wanted);
  const vdns = part.map(({ record }) => record);
  const rows = sql`(
    select v.source, v.vdn_id, v.at, c.kind, c.obs_code, c.text
    from unnest(${vdns.map(({ source }) => source)}::text[], ${vdns.map(({ vdnId }) => vdnId)}::integer[],
        ${part.map(({ at }) => at)}::timestamptz[]) with ordinality as v (source, vdn_id, at, nth)
    join unnest(${nth}::integer[], ${kind}::text[], ${obsCode}::text[], ${after}::text[])
      as c (nth, kind, obs_code, text) on c.nth = v.nth) as listed`;
  return { count: nth.length, rows };
}

async function endVersions(trx: Transaction<Database>, part: readonly Part[], runId: number): Promise<void> {
  const ending = listed(part, ({ kind }) => kind === 'changed' || kind === 'removed');
  if (ending.count === 0) return;
  const { numAffectedRows = 0n } = await sql`
    with listed as materialized (select * from ${ending.rows})
    update result_code_history as h set valid_to = listed.at, closed_run_id = ${runId}
    from listed
    where h.source = listed.source and h.vdn_id = listed.vdn_id and h.obs_code = listed.obs_code
      and h.valid_to is null`.execute(trx);
  if (Number(numAffectedRows) !== ending.count) throw brokenHistory(ending.count, Number(numAffectedRows));
}

/** The codes as they are from now on, each with its new version. What is there already was compared under the lock. */
async function beginVersions(
  trx: Transaction<Database>,
  part: readonly Part[],
  runId: number,
): Promise<void> {
  await sql`
    with listed as materialized (select * from ${listed(part).rows}),
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
