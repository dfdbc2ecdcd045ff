import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { countChanges, type Difference } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';
import { type Applies, type Apply, prepareApplies, staleCodes, writeVersions } from './apply.ts';
import { instantText } from './instant.ts';
import { LockLostError } from './run-lock.ts';
import type { Database } from './tables.ts';

/** The outcome of a VDN, as it is recorded. */
export type OutcomeRecord = {
  readonly source: string;
  readonly vdnId: number;
  /** When the VDN had been verified last before it was read; see `VdnState`. */
  readonly lastVerifiedAt: string | null;
  readonly requests: number;
  readonly durationMs: number;
} & Outcome;

type Outcome =
  | { readonly outcome: 'unchanged'; readonly codeCount: number }
  | {
      readonly outcome: 'changed';
      readonly difference: Difference;
      readonly codeCount: number;
      /** The plan under which a person approved it, where it would have been held. */
      readonly approvedPlan: string | undefined;
    }
  | {
      readonly outcome: 'held';
      readonly difference: Difference;
      readonly plan: string;
      readonly reason: string;
    }
  | { readonly outcome: 'failed'; readonly error: VdnError };

type ChangedRecord = OutcomeRecord & { readonly outcome: 'changed' };

/**
 * What happened to one record of a batch. `recorded` may also mean that an earlier transaction, whose answer was lost,
 * was committed. `locked` rows were skipped.
 */
export type Written = 'recorded' | 'locked' | VdnError;

interface WriteOptions {
  readonly runId: number;
  /** Whether the run holds its locks, for SQL. */
  readonly holdsLocks: RawBuilder<boolean>;
  /** Wait for rows that another session has locked, instead of skipping them. */
  readonly waitForRows: boolean;
}

/**
 * Writes the outcomes of VDNs, each whole or not at all, in one transaction of a fixed number of statements over
 * arrays.
 *
 * @returns what happened to each, in their order
 * @throws LockLostError where the run does not hold its locks; DatabaseError; VdnError where the history of one of
 *   them does not fit its codes. Then nothing of any of them is written.
 */
export async function writeOutcomes(
  db: Kysely<Database>,
  records: readonly OutcomeRecord[],
  options: WriteOptions,
): Promise<Written[]> {
  return db.transaction().execute(async (trx) => {
    const verdicts = await lockAndLook(trx, records, options);
    const writable = records.filter((_, index) => verdicts[index] === undefined);
    const changed = writable.filter((record): record is ChangedRecord => record.outcome === 'changed');
    const applies = await prepareApplies(trx, changed);
    const stale = new Set(changed.filter((record) => applies.get(record) === undefined));
    await writeVersions(trx, applies, options.runId);
    const concluded = writable.filter((record) => !stale.has(record as ChangedRecord));
    await conclude(trx, concluded, applies, options.runId);
    return records.map((record, index) =>
      stale.has(record as ChangedRecord) ? staleCodes() : (verdicts[index] ?? 'recorded'),
    );
  });
}

/** Locks the rows of the VDNs, and finds those that may not be written now. Undefined: may be written. */
async function lockAndLook(
  trx: Transaction<Database>,
  records: readonly OutcomeRecord[],
  { runId, holdsLocks, waitForRows }: WriteOptions,
): Promise<(Written | undefined)[]> {
  interface Row {
    readonly nth: number;
    readonly lastVerifiedAt: string | null;
    readonly recorded: boolean;
    readonly holdsLocks: boolean;
  }
  const { rows } = await sql<Row>`
    select asked.nth, ${instantText(sql.ref<Date | null>('v.last_verified_at'))} as "lastVerifiedAt",
      v.last_run_id is not distinct from ${runId}::integer as recorded, ${holdsLocks} as "holdsLocks"
    from unnest(${records.map(({ source }) => source)}::text[], ${records.map(({ vdnId }) => vdnId)}::integer[])
      with ordinality as asked (source, vdn_id, nth)
    join vdn as v on v.source = asked.source and v.vdn_id = asked.vdn_id
    for no key update of v ${sql.raw(waitForRows ? '' : 'skip locked')}`.execute(trx);
  if (rows.some((row) => !row.holdsLocks)) throw new LockLostError();
  const found = new Map(rows.map((row) => [Number(row.nth), row]));
  return records.map(({ outcome, lastVerifiedAt }, index) => {
    const row = found.get(index + 1);
    if (row === undefined) return waitForRows ? rowGone() : 'locked';
    if (row.recorded) return 'recorded';
    return outcome !== 'failed' && row.lastVerifiedAt !== lastVerifiedAt ? staleVerification() : undefined;
  });
}

/** The VDNs' rows, what is held of them and their lines in the run's log. */
async function conclude(
  trx: Transaction<Database>,
  records: readonly OutcomeRecord[],
  applies: Applies,
  runId: number,
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map((record) =>
    concludedRow(record, record.outcome === 'changed' ? applies.get(record) : undefined),
  );
  const column = <Name extends keyof ConcludedRow>(name: Name) => rows.map((row) => row[name]);
  await sql`
    with concluded as materialized (
      select *, outcome in ('unchanged', 'changed') as verified, coalesce(verified_at, statement_timestamp()) as now
      from unnest(${column('source')}::text[], ${column('vdn_id')}::integer[], ${column('outcome')}::text[],
        ${column('code_count')}::integer[], ${column('at')}::timestamptz[], ${column('verified_at')}::timestamptz[],
        ${column('error_code')}::text[], ${column('error_message')}::text[], ${column('plan')}::text[],
        ${column('reason')}::text[], ${column('difference')}::text[], ${column('codes_added')}::integer[],
        ${column('codes_changed')}::integer[], ${column('codes_removed')}::integer[],
        ${column('codes_returned')}::integer[], ${column('requests')}::integer[], ${column('duration_ms')}::integer[])
        as listed (source, vdn_id, outcome, code_count, at, verified_at, error_code, error_message, plan, reason,
          difference, codes_added, codes_changed, codes_removed, codes_returned, requests, duration_ms)),
    released as (
      delete from held_change as h using concluded
      where verified and h.source = concluded.source and h.vdn_id = concluded.vdn_id),
    held as (
      insert into held_change as h (source, vdn_id, plan, held_since, run_id, difference, reason)
      select source, vdn_id, plan, now, ${runId}::integer, difference::jsonb, reason
      from concluded where outcome = 'held'
      -- Another night with the same plan leaves since when and why it is held.
      on conflict (source, vdn_id) do update
      set plan = excluded.plan, held_since = excluded.held_since, run_id = excluded.run_id,
        difference = excluded.difference, reason = excluded.reason
      where (h.plan, h.difference) is distinct from (excluded.plan, excluded.difference)),
    log as (
      insert into sync_run_vdn (run_id, source, vdn_id, outcome, codes_added, codes_changed, codes_removed,
        codes_returned, requests, duration_ms, error_code, error_message, plan, approved)
      select ${runId}::integer, source, vdn_id, outcome, codes_added, codes_changed, codes_removed, codes_returned,
        requests, duration_ms, error_code, error_message, plan, outcome = 'changed' and plan is not null
      from concluded where outcome <> 'unchanged')
    update vdn as v set
      code_count = case when verified then concluded.code_count else v.code_count end,
      first_verified_at = case when verified then coalesce(v.first_verified_at, at, now) else v.first_verified_at end,
      last_verified_at = case when verified then now else v.last_verified_at end,
      last_attempt_at = now,
      last_changed_at = coalesce(at, v.last_changed_at),
      last_outcome = outcome,
      last_run_id = ${runId}::integer,
      failing_since = case when outcome = 'failed' then coalesce(v.failing_since, now) end,
      consecutive_failures = case when outcome = 'failed' then v.consecutive_failures + 1 else 0 end,
      last_error_code = error_code,
      last_error_message = error_message
    from concluded
    where v.source = concluded.source and v.vdn_id = concluded.vdn_id`.execute(trx);
}

type ConcludedRow = ReturnType<typeof concludedRow>;

function concludedRow(record: OutcomeRecord, apply: Apply | undefined) {
  const { added, changed, removed, returned } = countChanges(apply?.changes ?? []);
  const held = record.outcome === 'held' ? record : undefined;
  const error = record.outcome === 'failed' ? record.error : undefined;
  return {
    source: record.source,
    vdn_id: record.vdnId,
    outcome: record.outcome,
    code_count: 'codeCount' in record ? record.codeCount : null,
    at: apply?.at ?? null,
    verified_at: apply?.verifiedAt ?? null,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    plan: held?.plan ?? (record.outcome === 'changed' ? record.approvedPlan : undefined) ?? null,
    reason: held?.reason ?? null,
    difference: held ? JSON.stringify(held.difference.changes) : null,
    ...{ codes_added: added, codes_changed: changed, codes_removed: removed, codes_returned: returned },
    requests: record.requests,
    duration_ms: Math.round(record.durationMs),
  };
}

function staleVerification(): VdnError {
  return new VdnError(
    'stale-snapshot',
    'the VDN was verified by another run since this one read it. Nothing was written; what the other run wrote stands.',
  );
}

function rowGone(): VdnError {
  return new VdnError(
    'stale-snapshot',
    'the VDN’s row in the table vdn was deleted while the list was read. Nothing was written; the next run makes the row again.',
  );
}
