import { type Kysely, sql, type Transaction } from 'kysely';
import type { CompleteSnapshot } from '../domain/complete-snapshot.ts';
import { type Change, type ChangeKind, type Difference, diff, sameChanges } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';
import { clock, instant, instantText } from './instant.ts';
import { settleVdn, type VdnWrite } from './outcomes.ts';
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
  const { changes } = difference;
  await db.transaction().execute(async (trx) => {
    await lockVdn(trx, write);
    const current = diff(await storedCodes(trx, write.source, write.vdnId), snapshot);
    if (!sameChanges(current.changes, changes)) throw staleCodes();
    const at = await nextInstant(trx, write);
    await endVersions(trx, write, of(changes, 'changed', 'removed'), at);
    await removeCodes(trx, write, of(changes, 'removed'), at);
    await beginVersions(trx, write, of(changes, 'added', 'changed', 'returned'), at);
    const settled = { outcome: 'changed', at, codeCount: snapshot.codes.size } as const;
    await settleVdn(trx, write, settled, { outcome: 'changed', changes, plan: approvedPlan });
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

async function endVersions(
  trx: Transaction<Database>,
  { source, vdnId, runId }: VdnWrite,
  ending: readonly Change[],
  at: string,
): Promise<void> {
  if (ending.length === 0) return;
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

async function removeCodes(
  trx: Transaction<Database>,
  { source, vdnId }: VdnWrite,
  removed: readonly Change[],
  at: string,
): Promise<void> {
  if (removed.length === 0) return;
  await trx
    .updateTable('result_code')
    .set({ removed_at: instant(at), changed_at: instant(at) })
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId)
    .where('obs_code', '=', anyOf(removed))
    .execute();
}

/** The codes as they are from now on, each with its new version: one statement, and a parameter per column. */
async function beginVersions(
  trx: Transaction<Database>,
  { source, vdnId, runId }: VdnWrite,
  beginning: readonly Change[],
  at: string,
): Promise<void> {
  if (beginning.length === 0) return;
  const codes = beginning.map(({ obsCode }) => obsCode);
  const texts = beginning.map(({ after }) => after);
  const allNew = beginning.every(({ kind }) => kind === 'added');
  await sql`
    with listed as (
      select ${source}::text as source, ${vdnId}::integer as vdn_id, code, text, ${instant(at)} as at
      from unnest(${codes}::text[], ${texts}::text[]) as unnested (code, text)),
    version as (
      insert into result_code_history (source, vdn_id, obs_code, obs_code_desc, valid_from, opened_run_id)
      select source, vdn_id, code, text, at, ${runId}::integer from listed)
    insert into result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
    select source, vdn_id, code, text, at, at from listed
    ${allNew ? sql`` : replacing}`.execute(trx);
}

/** Left out where every code is new: to look for a row in the way costs half as much as to write one. */
const replacing = sql`
  on conflict (source, vdn_id, obs_code) do update
  set obs_code_desc = excluded.obs_code_desc, changed_at = excluded.changed_at, removed_at = null`;

function of(changes: readonly Change[], ...kinds: readonly ChangeKind[]): Change[] {
  return changes.filter(({ kind }) => kinds.includes(kind));
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
