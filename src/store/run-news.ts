import { type Kysely, sql } from 'kysely';
import type { VdnErrorCode } from '../errors.ts';
import type { Database } from './tables.ts';

/** A difference that a run began to hold, in all VDNs of the source in which it did. */
export interface NewlyHeld {
  readonly source: string;
  readonly plan: string;
  readonly reason: string;
  readonly vdnIds: readonly number[];
}

/** VDNs that began to fail in a run, in the same way. */
export interface NewlyFailing {
  readonly source: string;
  readonly errorCode: VdnErrorCode | null;
  readonly errorMessage: string | null;
  readonly vdnIds: readonly number[];
}

/** The differences that the run began to hold, without those held before. */
export async function newlyHeld(db: Kysely<Database>, runId: number): Promise<NewlyHeld[]> {
  return await db
    .selectFrom('held_change')
    .innerJoin('vdn', (join) =>
      join.onRef('vdn.source', '=', 'held_change.source').onRef('vdn.vdn_id', '=', 'held_change.vdn_id'),
    )
    .where('held_change.run_id', '=', runId)
    .where('configured', '=', true)
    .groupBy(['held_change.source', 'plan'])
    .select([
      'held_change.source',
      'plan',
      sql<string>`mode() within group (order by reason)`.as('reason'),
      sql<number[]>`array_agg(held_change.vdn_id order by held_change.vdn_id)`.as('vdnIds'),
    ])
    .orderBy('held_change.source')
    .orderBy('plan')
    .execute();
}

/** The VDNs that began to fail in the run, largest group first, without those that failed before. */
export async function newlyFailing(db: Kysely<Database>, runId: number): Promise<NewlyFailing[]> {
  return await db
    .selectFrom('vdn')
    .innerJoin('sync_run', 'sync_run.run_id', 'vdn.last_run_id')
    .where('sync_run.run_id', '=', runId)
    .where('configured', '=', true)
    .whereRef('failing_since', '>=', 'started_at')
    .groupBy(['source', 'last_error_code', 'last_error_message'])
    .select([
      'source',
      'last_error_code as errorCode',
      'last_error_message as errorMessage',
      sql<number[]>`array_agg(vdn_id order by vdn_id)`.as('vdnIds'),
    ])
    .orderBy('source')
    .orderBy(sql`count(*)`, 'desc')
    .execute();
}

/** Which of the sources have a VDN that is held or failing. */
export async function sourcesInTrouble(
  db: Kysely<Database>,
  sources: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('freshness')
    .where('source', 'in', sources)
    .where((eb) => eb.or([eb('is_held', '=', true), eb('is_failing', '=', true)]))
    .select('source')
    .distinct()
    .execute();
  return new Set(rows.map(({ source }) => source));
}
