import type { Kysely, QueryCreator, Transaction } from 'kysely';
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
 * Notes that the list is what is stored: one row of `vdn`, none of the code tables.
 *
 * @throws VdnError `stale-snapshot`; LockLostError
 */
export async function recordUnchanged(
  db: Kysely<Database>,
  write: VdnWrite,
  codeCount: number,
): Promise<void> {
  const settled = { outcome: 'unchanged', at: undefined, codeCount } as const;
  // One statement does the work of a transaction: it looks, and it writes only where what it saw is right.
  const seen = write.state.lastVerifiedAt;
  const { numUpdatedRows } = await updateSettled(db, write, settled)
    .where('last_verified_at', 'is not distinct from', seen === null ? null : instant(seen))
    .where(write.lock.isHeld(write.source))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('held_change').where('source', '=', write.source).where('vdn_id', '=', write.vdnId),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 1n) return;
  await db.transaction().execute(async (trx) => {
    await lockVdn(trx, write);
    await settleVdn(trx, write, settled);
  });
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
      })
      // held_since stays: since when the VDN is held, under whatever plan.
      .onConflict((conflict) =>
        conflict.columns(['source', 'vdn_id']).doUpdateSet((eb) => ({
          plan: eb.ref('excluded.plan'),
          run_id: eb.ref('excluded.run_id'),
          difference: eb.ref('excluded.difference'),
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
  await updateSettled(logged, write, settled).execute();
}

function updateSettled(
  db: QueryCreator<Database>,
  { source, vdnId, runId }: VdnWrite,
  { outcome, at, codeCount }: Settled,
) {
  const verifiedAt = at === undefined ? clock : instant(at);
  return db
    .updateTable('vdn')
    .set((eb) => ({
      code_count: codeCount,
      first_verified_at: eb.fn.coalesce('first_verified_at', verifiedAt),
      last_verified_at: verifiedAt,
      last_attempt_at: verifiedAt,
      last_outcome: outcome,
      last_run_id: runId,
      ...noFailure,
      ...(at === undefined ? {} : { last_changed_at: verifiedAt }),
    }))
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId);
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
