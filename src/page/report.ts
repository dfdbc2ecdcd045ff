import { sql } from 'kysely';
import type { Invocation } from '../domain/invocation.ts';
import type { OpenDatabase } from '../store/database.ts';
import { type HeldPlans, type HeldSource, heldPlans } from '../store/held-plans.ts';
import { readOnly } from '../store/read-only.ts';
import { type RecentChanges, recentChanges } from '../store/recent-changes.ts';
import { configuredVdns, newestRuns, type RunEntry, type VdnEntry } from '../store/status.ts';

/** Everything that the status page shows, as it stood at one instant. */
export interface PageReport {
  /** By the database's clock, like every instant in it. */
  readonly at: Date;
  readonly staleAfterMs: number;
  /** For the commands that a person shall copy. */
  readonly invocation: Invocation;
  /** Of the schedule; times are shown by its clocks. */
  readonly timezone: string;
  /** Undefined where something else than `schedule` starts the runs. */
  readonly nextRun: Date | undefined;
  /** The program's. */
  readonly version: string;
  readonly database: { readonly name: string; readonly schema: string };
  readonly vdns: readonly VdnEntry[];
  readonly held: HeldPlans;
  readonly heldSources: readonly HeldSource[];
  /** Newest first. */
  readonly runs: readonly RunEntry[];
  readonly changes: RecentChanges;
}

export type PageSettings = Pick<
  PageReport,
  'staleAfterMs' | 'invocation' | 'timezone' | 'nextRun' | 'version'
>;

const runsShown = 30;
const plansShown = 10;

/**
 * Reads the report in one transaction, so that its parts fit each other while a run is at work.
 *
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function readPageReport(database: OpenDatabase, settings: PageSettings): Promise<PageReport> {
  return readOnly(database, async (trx) => {
    const { at, name } = await trx
      .selectNoFrom([sql<Date>`now()`.as('at'), sql<string>`current_database()`.as('name')])
      .executeTakeFirstOrThrow();
    const { sources: heldSources, ...held } = await heldPlans(trx, plansShown);
    const runs = await newestRuns(trx, runsShown);
    return {
      ...settings,
      at,
      database: { name, schema: database.schema },
      vdns: await configuredVdns(trx, settings.staleAfterMs),
      held,
      heldSources,
      runs,
      changes: await recentChanges(trx, runs),
    };
  });
}
