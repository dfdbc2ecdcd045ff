import { type Kysely, type QueryCreator, sql, type Transaction } from 'kysely';
import { type Change, countChanges, type Difference, planOf } from '../domain/diff.ts';
import type { VdnError } from '../errors.ts';
import { clock, instant } from './instant.ts';
import { LockLostError, type RunLock } from './run-lock.ts';
import type { Database, SyncRunVdnTable } from './tables.ts';
import { lockVdn } from './vdn-row.ts';
import type { VdnState } from './vdn-states.ts';

/** What every write for a VDN needs to know. */
export interface VdnWrite {
  readonly source: string;
  readonly vdnId: number;
  /** As it was before the list was read. */
  readonly state: VdnState;
  readonly runId: number;
  readonly lock: RunLock;
  readonly requests: number;
  readonly durationMs: number;
}

/**
 * Keeps a difference for a person to look at; no code is written.
 *
 * @throws VdnError `stale-snapshot`; LockLostError
 */
export async function recordHeld(
  db: Kysely<Database>,
  write: VdnWrite,
  difference: Difference,
  reason: string,
): Promise<void> {
  const { source, vdnId, runId } = write;
  const plan = planOf(source, difference);
  await db.transaction().execute(async (trx) => {
    await lockVdn(trx, write);
    await trx
      .insertInto('held_change')
      .values({
        source,
        vdn_id: vdnId,
        plan,
        held_since: clock,
        run_id: runId,
        difference: JSON.stringify(difference.changes),
        reason,
      })
      // held_since stays: since when the VDN is held, under whatever plan.
      .onConflict((conflict) =>
        conflict.columns(['source', 'vdn_id']).doUpdateSet((eb) => ({
          plan: eb.ref('excluded.plan'),
          run_id: eb.ref('excluded.run_id'),
          difference: eb.ref('excluded.difference'),
          reason: eb.ref('excluded.reason'),
        })),
      )
      .execute();
    await trx
      .updateTable('vdn')
      .set({ last_attempt_at: clock, last_outcome: 'held', last_run_id: runId, ...noFailure })
      .where('source', '=', source)
      .where('vdn_id', '=', vdnId)
      .execute();
    await recordRunVdn(trx, write, { outcome: 'held', plan });
  });
}

/**
 * Notes that a VDN could not be brought up to date, and since when it has been so. Noted once, however often it is
 * called: the connection may break while a first call commits.
 *
 * @throws LockLostError
 */
export async function recordFailed(db: Kysely<Database>, write: VdnWrite, error: VdnError): Promise<void> {
  const { source, vdnId, runId } = write;
  await db.transaction().execute(async (trx) => {
    const { numInsertedOrUpdatedRows } = await insertRunVdn(trx, write, { outcome: 'failed', error })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return;
    const { numUpdatedRows } = await trx
      .updateTable('vdn')
      .set((eb) => ({
        last_attempt_at: clock,
        last_outcome: 'failed',
        last_run_id: runId,
        failing_since: eb.fn.coalesce('failing_since', clock),
        consecutive_failures: eb('consecutive_failures', '+', 1),
        last_error_code: error.code,
        last_error_message: error.message,
      }))
      .where('source', '=', source)
      .where('vdn_id', '=', vdnId)
      .where(write.lock.isHeld(source))
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw new LockLostError();
  });
}

/**
 * Whether the run has written a VDN's outcome. Asked where the connection broke while it committed; a run writes each
 * VDN once.
 */
export async function isRecorded(
  db: Kysely<Database>,
  { runId, source, vdnId }: Pick<VdnWrite, 'runId' | 'source' | 'vdnId'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('vdn')
    .select('vdn_id')
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId)
    .where('last_run_id', '=', runId)
    .executeTakeFirst();
  return row !== undefined;
}

interface Settled {
  readonly outcome: 'unchanged' | 'changed';
  /** The instant of the apply, or undefined where nothing was applied. */
  readonly at: string | undefined;
  readonly codeCount: number;
}

/**
 * The VDN is verified: whatever was held or failing before is no longer.
 *
 * @param log the VDN's line in the run's log, written by the same statement: each one more is a way to the server and back
 */
export async function settleVdn(
  trx: Transaction<Database>,
  write: VdnWrite,
  settled: Settled,
  log?: RunVdn,
): Promise<void> {
  const released = trx.with('released', (query) =>
    query.deleteFrom('held_change').where('source', '=', write.source).where('vdn_id', '=', write.vdnId),
  );
  const logged = log ? released.with('log', (query) => insertRunVdn(query, write, log)) : released;
  await logged
    .updateTable('vdn')
    .set({ code_count: settled.codeCount, ...settledColumns({ ...settled, runId: write.runId }) })
    .where('source', '=', write.source)
    .where('vdn_id', '=', write.vdnId)
    .execute();
}

/**
 * The columns of `vdn` that say that it is verified, without the number of its codes. Where nothing was applied, they
 * have the instant of their statement, all the same one.
 */
export function settledColumns({ outcome, at, runId }: Omit<Settled, 'codeCount'> & { runId: number }) {
  const verifiedAt = at === undefined ? sql<Date>`statement_timestamp()` : instant(at);
  return {
    first_verified_at: sql<Date>`coalesce(first_verified_at, ${verifiedAt})`,
    last_verified_at: verifiedAt,
    last_attempt_at: verifiedAt,
    last_outcome: outcome,
    last_run_id: runId,
    ...noFailure,
    ...(at === undefined ? {} : { last_changed_at: verifiedAt }),
  };
}

const noFailure = {
  failing_since: null,
  consecutive_failures: 0,
  last_error_code: null,
  last_error_message: null,
};

interface RunVdn {
  readonly outcome: SyncRunVdnTable['outcome'];
  readonly changes?: readonly Change[];
  readonly error?: VdnError;
  /** The plan that holds the VDN, or that was approved. */
  readonly plan?: string | undefined;
}

/** The VDN's line in the run's log. */
async function recordRunVdn(trx: Transaction<Database>, write: VdnWrite, log: RunVdn): Promise<void> {
  await insertRunVdn(trx, write, log).execute();
}

function insertRunVdn(
  query: QueryCreator<Database>,
  { runId, source, vdnId, requests, durationMs }: VdnWrite,
  { outcome, changes = [], error, plan }: RunVdn,
) {
  const codes = countChanges(changes);
  return query.insertInto('sync_run_vdn').values({
    run_id: runId,
    source,
    vdn_id: vdnId,
    outcome,
    codes_added: codes.added,
    codes_changed: codes.changed,
    codes_removed: codes.removed,
    codes_returned: codes.returned,
    requests,
    duration_ms: Math.round(durationMs),
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    plan: plan ?? null,
    approved: plan !== undefined && outcome === 'changed',
  });
}
