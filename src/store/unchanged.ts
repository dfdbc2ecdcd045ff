import { type Kysely, sql } from 'kysely';
import { gather } from './gather.ts';
import { settledColumns, settleVdn, type VdnWrite } from './outcomes.ts';
import type { Database } from './tables.ts';
import { lockVdn } from './vdn-row.ts';

/** Notes that a VDN's list is what is stored: one row of `vdn`, none of the code tables. */
export type RecordUnchanged = (write: VdnWrite, codeCount: number) => Promise<void>;

type RunOnSource = Pick<VdnWrite, 'source' | 'runId' | 'lock'>;

interface UnchangedVdn {
  readonly write: VdnWrite;
  readonly codeCount: number;
}

/**
 * For the VDNs of one source in one run. Those that are found unchanged at about the same time share a statement.
 *
 * What it gives throws VdnError `stale-snapshot`; LockLostError.
 */
export function unchangedRecorder(db: Kysely<Database>, run: RunOnSource): RecordUnchanged {
  const note = gather((vdns: readonly UnchangedVdn[]) => noteTogether(db, run, vdns));
  return async (write, codeCount) => {
    if (await note({ write, codeCount })) return;
    await db.transaction().execute(async (trx) => {
      await lockVdn(trx, write);
      await settleVdn(trx, write, { outcome: 'unchanged', at: undefined, codeCount });
    });
  };
}

/**
 * One statement does the work of a transaction for each VDN: it looks, and it writes only where what it saw is right.
 * It waits for no lock, so that a row somebody else has locked holds up no other VDN.
 *
 * @returns for each VDN whether it was noted; if not, a transaction finds out why
 */
async function noteTogether(
  db: Kysely<Database>,
  { source, runId, lock }: RunOnSource,
  vdns: readonly UnchangedVdn[],
): Promise<boolean[]> {
  const ids = vdns.map(({ write }) => write.vdnId);
  const counts = vdns.map(({ codeCount }) => codeCount);
  const verifiedAts = vdns.map(({ write }) => write.state.lastVerifiedAt);
  const read = sql<{ vdn_id: number; code_count: number; last_verified_at: Date | null }>`(
    select * from unnest(${ids}::integer[], ${counts}::integer[], ${verifiedAts}::timestamptz[])
      as columns (vdn_id, code_count, last_verified_at))`.as<'read'>(sql.ref('read'));
  const rows = await db
    .with('right', (query) =>
      query
        .selectFrom('vdn')
        .innerJoin(read, 'read.vdn_id', 'vdn.vdn_id')
        .leftJoin('held_change as held', (join) =>
          join.onRef('held.source', '=', 'vdn.source').onRef('held.vdn_id', '=', 'vdn.vdn_id'),
        )
        .where('vdn.source', '=', source)
        .where('held.vdn_id', 'is', null)
        .whereRef('vdn.last_verified_at', 'is not distinct from', 'read.last_verified_at')
        .where(lock.isHeld(source))
        .select(['vdn.vdn_id', 'read.code_count'])
        .forNoKeyUpdate('vdn')
        .skipLocked(),
    )
    .updateTable('vdn')
    .from('right')
    .set((eb) => ({
      code_count: eb.ref('right.code_count'),
      ...settledColumns({ outcome: 'unchanged', at: undefined, runId }),
    }))
    .where('vdn.source', '=', source)
    .whereRef('vdn.vdn_id', '=', 'right.vdn_id')
    .returning('vdn.vdn_id')
    .execute();
  const noted = new Set(rows.map(({ vdn_id }) => vdn_id));
  return ids.map((id) => noted.has(id));
}
