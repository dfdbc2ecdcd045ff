import { type Kysely, sql } from 'kysely';
import { gather } from './gather.ts';
import { settledColumns, settleVdn, type VdnWrite } from './outcomes.ts';
import type { Database } from './tables.ts';
import { lockVdn } from './vdn-row.ts';

type RunOnSource = Pick<VdnWrite, 'source' | 'runId' | 'lock'>;
type OfVdn = Omit<VdnWrite, keyof RunOnSource>;

interface UnchangedVdn extends OfVdn {
  readonly codeCount: number;
}

/**
 * Notes that a VDN's list is what is stored: one row of `vdn`, none of the code tables.
 *
 * @throws VdnError `stale-snapshot`; LockLostError
 */
export type RecordUnchanged = (vdn: OfVdn, codeCount: number) => Promise<void>;

/** For one run's VDNs of one source: those that are found unchanged at about the same time share a statement. */
export function unchangedRecorder(
  db: Kysely<Database>,
  { source, runId, lock }: RunOnSource,
): RecordUnchanged {
  const run = { source, runId, lock };
  const note = gather((vdns: readonly UnchangedVdn[]) => noteTogether(db, run, vdns));
  return async (vdn, codeCount) => {
    if (await note({ ...vdn, codeCount })) return;
    const write = { ...vdn, ...run };
    await db.transaction().execute(async (trx) => {
      await lockVdn(trx, write);
      await settleVdn(trx, write, { outcome: 'unchanged', at: undefined, codeCount });
    });
  };
}

/**
 * One statement does the work of a transaction for each VDN: it looks, and it writes only where what it saw is right.
 * It passes over rows that somebody has locked, so that one of them holds up no other VDN.
 *
 * @returns for each VDN whether it was noted; if not, a transaction finds out why
 */
async function noteTogether(
  db: Kysely<Database>,
  { source, runId, lock }: RunOnSource,
  vdns: readonly UnchangedVdn[],
): Promise<boolean[]> {
  const ids = vdns.map(({ vdnId }) => vdnId);
  const counts = vdns.map(({ codeCount }) => codeCount);
  const verifiedAts = vdns.map(({ state }) => state.lastVerifiedAt);
  const found = sql<{ vdn_id: number; code_count: number; last_verified_at: Date | null }>`(
    select * from unnest(${ids}::integer[], ${counts}::integer[], ${verifiedAts}::timestamptz[])
      as listed (vdn_id, code_count, last_verified_at))`.as<'found'>(sql.ref('found'));
  const rows = await db
    .with('unchanged', (query) =>
      query
        .selectFrom('vdn')
        .innerJoin(found, 'found.vdn_id', 'vdn.vdn_id')
        .leftJoin('held_change as held', (join) =>
          join.onRef('held.source', '=', 'vdn.source').onRef('held.vdn_id', '=', 'vdn.vdn_id'),
        )
        .where('vdn.source', '=', source)
        .where('held.vdn_id', 'is', null)
        .whereRef('vdn.last_verified_at', 'is not distinct from', 'found.last_verified_at')
        .where(lock.isHeld(source))
        .select(['vdn.vdn_id', 'found.code_count'])
        .forNoKeyUpdate('vdn')
        .skipLocked(),
    )
    .updateTable('vdn')
    .from('unchanged')
    .set((eb) => ({
      code_count: eb.ref('unchanged.code_count'),
      ...settledColumns({ outcome: 'unchanged', at: undefined, runId }),
    }))
    .where('vdn.source', '=', source)
    .whereRef('vdn.vdn_id', '=', 'unchanged.vdn_id')
    .returning('vdn.vdn_id')
    .execute();
  const noted = new Set(rows.map(({ vdn_id }) => vdn_id));
  return ids.map((id) => noted.has(id));
}
