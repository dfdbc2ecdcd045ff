import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

/**
 * Deletes runs that started longer ago than this, with what they did in each VDN. It keeps the history, runs under way
 * and, for each VDN that is failing or held, the newest run that says why.
 *
 * @returns how many runs were deleted
 */
export async function prune(db: Kysely<Database>, runsOlderThanMs: number): Promise<number> {
  const { runs } = await db
    .with('explaining', (query) =>
      query
        .selectFrom('freshness')
        .innerJoin('sync_run_vdn', (join) =>
          join
            .onRef('sync_run_vdn.source', '=', 'freshness.source')
            .onRef('sync_run_vdn.vdn_id', '=', 'freshness.vdn_id'),
        )
        .where((where) => where.or([where('is_failing', '=', true), where('is_held', '=', true)]))
        .where('outcome', 'in', ['failed', 'held'])
        .groupBy(['freshness.source', 'freshness.vdn_id'])
        .select(({ fn }) => fn.max('sync_run_vdn.run_id').as('run_id')),
    )
    .with('old', (query) =>
      query
        .deleteFrom('sync_run')
        .where('started_at', '<', sql<Date>`now() - ${runsOlderThanMs} * interval '1 millisecond'`)
        .where('status', '<>', 'running')
        .where('run_id', 'not in', (explaining) => explaining.selectFrom('explaining').select('run_id'))
        .returning('run_id'),
    )
    .with('old_detail', (query) =>
      query.deleteFrom('sync_run_vdn').where('run_id', 'in', (old) => old.selectFrom('old').select('run_id')),
    )
    .selectFrom('old')
    .select(sql<number>`count(*)::integer`.as('runs'))
    .executeTakeFirstOrThrow();
  return runs;
}
