import { type Kysely, sql, type Transaction } from 'kysely';
import type { CompleteSnapshot } from '../domain/complete-snapshot.ts';
import { type Change, type ChangeKind, type Difference, diff, planOf } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';
import { clock, instant, instantText } from './instant.ts';
import { recordRunVdn, settleVdn, type VdnWrite } from './outcomes.ts';
import { storedCodes } from './stored-codes.ts';
import type { Database } from './tables.ts';
import { lockVdn } from './vdn-row.ts';

export interface Decision {
  /** The difference that was looked at and let pass; nothing else is applied. */
  readonly difference: Difference;
  /** The plan under which a person approved it, where it would have been held. */
  readonly approvedPlan: string | undefined;
}

/**
 * Writes a difference with its history and outcome: all of it or nothing.
 *
 * @throws VdnError `stale-snapshot` where the VDN was verified or its codes changed since they were compared
 * @throws LockLostError where the run does not hold its source's lock
 */
export async function applyDifference(
  db: Kysely<Database>,
  write: VdnWrite,
  snapshot: CompleteSnapshot,
  { difference, approvedPlan }: Decision,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockVdn(trx, write);
    const current = diff(await storedCodes(trx, write.source, write.vdnId), snapshot);
    if (planOf(write.source, current) !== planOf(write.source, difference)) throw staleCodes();
    const at = await nextInstant(trx, write);
    await writeCodes(trx, write, difference.changes, at);
    await writeHistory(trx, write, difference.changes, at);
    await settleVdn(trx, write, { outcome: 'changed', at, codeCount: snapshot.codes.size });
    await recordRunVdn(trx, write, { outcome: 'changed', changes: difference.changes, plan: approvedPlan });
  });
}

/**
 * The one instant of an apply. Later than everything in the VDN's history even where the clock was set back,
 * so that no version ends before it begins. Asked for after the row is locked, by a statement of its own: one that
 * waited for the lock would look at the history as it was before.
 */
async function nextInstant(trx: Transaction<Database>, { source, vdnId }: VdnWrite): Promise<string> {
  const row = await trx
    .selectFrom('result_code_history')
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId)
    .select((eb) => {
      const newest = sql<Date>`max(greatest(${eb.ref('valid_from')}, ${eb.ref('valid_to')}))`;
      return instantText(sql<Date>`greatest(${clock}, ${newest} + interval '1 microsecond')`).as('at');
    })
    .executeTakeFirstOrThrow();
  return row.at;
}

async function writeCodes(
  trx: Transaction<Database>,
  { source, vdnId }: VdnWrite,
  changes: readonly Change[],
  at: string,
): Promise<void> {
  const present = of(changes, 'added', 'changed', 'returned');
  if (present.length > 0) {
    await trx
      .insertInto('result_code')
      .columns(['source', 'vdn_id', 'obs_code', 'obs_code_desc', 'first_seen_at', 'changed_at'])
      .expression(
        sql`select ${source}::text, ${vdnId}::integer, code, text, ${instant(at)}, ${instant(at)} from ${listed(present)}`,
      )
      .onConflict((conflict) =>
        conflict.columns(['source', 'vdn_id', 'obs_code']).doUpdateSet((eb) => ({
          obs_code_desc: eb.ref('excluded.obs_code_desc'),
          changed_at: eb.ref('excluded.changed_at'),
          removed_at: null,
        })),
      )
      .execute();
  }
  const removed = of(changes, 'removed');
  if (removed.length > 0) {
    await trx
      .updateTable('result_code')
      .set({ removed_at: instant(at), changed_at: instant(at) })
      .where('source', '=', source)
      .where('vdn_id', '=', vdnId)
      .where('obs_code', '=', anyOf(removed))
      .execute();
  }
}

async function writeHistory(
  trx: Transaction<Database>,
  { source, vdnId, runId }: VdnWrite,
  changes: readonly Change[],
  at: string,
): Promise<void> {
  const ending = of(changes, 'changed', 'removed');
  if (ending.length > 0) {
    const { numUpdatedRows } = await trx
      .updateTable('result_code_history')
      .set({ valid_to: instant(at), closed_run_id: runId })
      .where('source', '=', source)
      .where('vdn_id', '=', vdnId)
      .where('valid_to', 'is', null)
      .where('obs_code', '=', anyOf(ending))
      .executeTakeFirstOrThrow();
    if (Number(numUpdatedRows) !== ending.length) throw brokenHistory(ending.length, Number(numUpdatedRows));
  }
  const beginning = of(changes, 'added', 'changed', 'returned');
  if (beginning.length > 0) {
    await trx
      .insertInto('result_code_history')
      .columns(['source', 'vdn_id', 'obs_code', 'obs_code_desc', 'valid_from', 'opened_run_id'])
      .expression(
        sql`select ${source}::text, ${vdnId}::integer, code, text, ${instant(at)}, ${runId}::integer from ${listed(beginning)}`,
      )
      .execute();
  }
}

function of(changes: readonly Change[], ...kinds: readonly ChangeKind[]): Change[] {
  return changes.filter(({ kind }) => kinds.includes(kind));
}

/** The changes as rows: a parameter per column, however many rows. */
function listed(changes: readonly Change[]) {
  const codes = changes.map(({ obsCode }) => obsCode);
  const texts = changes.map(({ after }) => after);
  return sql`unnest(${codes}::text[], ${texts}::text[]) as listed (code, text)`;
}

function anyOf(changes: readonly Change[]) {
  return sql<string>`any(${changes.map(({ obsCode }) => obsCode)}::text[])`;
}

function staleCodes(): VdnError {
  return new VdnError(
    'stale-snapshot',
    'the stored codes changed while the list was read, so that the difference no longer fits. Nothing was written; the next ' +
      'run compares anew.',
  );
}

function brokenHistory(expected: number, found: number): VdnError {
  return new VdnError(
    'database',
    `${expected} codes should have a current version in result_code_history, ${found} have one; somebody has changed the ` +
      'tables by hand. Nothing was written. docs/operations.md has the query that finds such codes.',
  );
}
