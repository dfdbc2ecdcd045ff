import { type Kysely, sql } from 'kysely';
import type { VdnErrorCode } from '../errors.ts';
import { type HeldEntry, heldByPlan } from './held-plans.ts';
import type { Database } from './tables.ts';

/** A difference that a run began to hold, in all VDNs of the source in which it did. */
export type NewlyHeld = Pick<HeldEntry, 'source' | 'plan' | 'reason' | 'vdnIds'>;

/** VDNs that began to fail in a run, in the same way. */
export interface NewlyFailing {
  readonly source: string;
  readonly errorCode: VdnErrorCode | null;
  readonly errorMessage: string | null;
  readonly vdnIds: readonly number[];
}

/** The differences that the run began to hold, without those held before. */
export async function newlyHeld(db: Kysely<Database>, runId: number): Promise<NewlyHeld[]> {
  return await heldByPlan(db)
    .where('held_change.run_id', '=', runId)
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
