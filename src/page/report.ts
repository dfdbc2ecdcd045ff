import { sql } from 'kysely';
import type { OpenDatabase } from '../store/database.ts';
import { type HeldPlans, heldPlans } from '../store/held-plans.ts';
import { readOnly } from '../store/read-only.ts';
import { type RecentChanges, recentChanges } from '../store/recent-changes.ts';
import { configuredVdns, newestRuns, type RunEntry, type VdnEntry } from '../store/status.ts';

/** Everything that the status page shows, as it stood at one instant. */
export interface PageReport {
  /** By the database's clock, like every instant in it. */
  readonly at: Date;
  readonly staleAfterMs: number;
  /** How the program is called, for the commands that a person shall copy. */
  readonly program: string;
  readonly vdns: readonly VdnEntry[];
  readonly held: HeldPlans;
  /** Newest first. */
  readonly runs: readonly RunEntry[];
  readonly changes: RecentChanges;
}

const runsShown = 30;
const plansShown = 10;

/**
 * Reads the report in one transaction, so that its parts fit each other while a run is at work.
 *
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function readPageReport(
  database: OpenDatabase,
  { staleAfterMs, program }: Pick<PageReport, 'staleAfterMs' | 'program'>,
): Promise<PageReport> {
  return readOnly(database, async (trx) => {
    const { at } = await trx.selectNoFrom(sql<Date>`now()`.as('at')).executeTakeFirstOrThrow();
    const runs = await newestRuns(trx, runsShown);
    return {
      at,
      staleAfterMs,
      program,
      vdns: await configuredVdns(trx, staleAfterMs),
      held: await heldPlans(trx, plansShown),
      runs,
      changes: await recentChanges(trx, runs),
    };
  });
}
