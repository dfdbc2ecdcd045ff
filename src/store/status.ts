import { type Kysely, sql } from 'kysely';
import type { VdnCounts } from '../domain/outcome.ts';
import type { VdnErrorCode } from '../errors.ts';
import type { Database, RunStatus } from './tables.ts';

/** A run as the log has it. */
export interface RunEntry {
  readonly runId: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly status: RunStatus;
  readonly trigger: 'cli' | 'schedule';
  readonly exitCode: number | null;
  readonly errorMessage: string | null;
  readonly vdns: VdnCounts;
  readonly codes: Record<'added' | 'changed' | 'removed' | 'returned', number>;
  readonly requests: number;
  /** How many VDNs a run under way has finished; null once it has ended. */
  readonly done: number | null;
}

/** A configured VDN, and how far it can be trusted. */
export interface VdnEntry {
  readonly source: string;
  readonly vdnId: number;
  readonly codeCount: number;
  readonly lastVerifiedAt: Date | null;
  /** Since the last verification; null where there was none, negative where a clock was wrong. */
  readonly ageMs: number | null;
  readonly stale: boolean;
  readonly failing: boolean;
  readonly failingSince: Date | null;
  readonly consecutiveFailures: number;
  readonly errorCode: VdnErrorCode | null;
  readonly errorMessage: string | null;
  readonly held: boolean;
  /** Why it is held, one sentence with its figures. */
  readonly heldReason: string | null;
}

/** The newest runs, newest first. */
export async function newestRuns(db: Kysely<Database>, most: number): Promise<RunEntry[]> {
  const rows = await db
    .selectFrom('sync_run')
    .selectAll()
    .select((eb) =>
      eb
        .case()
        .when('status', '=', 'running')
        .then(
          eb
            .selectFrom('vdn')
            .whereRef('vdn.last_run_id', '=', 'sync_run.run_id')
            .select(sql<number>`count(*)::integer`.as('number')),
        )
        .end()
        .as('done'),
    )
    .orderBy('run_id', 'desc')
    .limit(most)
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    status: row.status,
    trigger: row.trigger,
    exitCode: row.exit_code,
    errorMessage: row.error_message,
    vdns: {
      total: row.vdns_total,
      unchanged: row.vdns_unchanged,
      changed: row.vdns_changed,
      failed: row.vdns_failed,
      held: row.vdns_held,
      skipped: row.vdns_skipped,
      fresh: row.vdns_fresh,
    },
    codes: {
      added: row.codes_added,
      changed: row.codes_changed,
      removed: row.codes_removed,
      returned: row.codes_returned,
    },
    requests: row.requests,
    done: row.done,
  }));
}

/**
 * All configured VDNs by source and number.
 *
 * @param staleAfterMs a VDN is stale if its last verification is older, in the future, or missing
 */
export async function configuredVdns(db: Kysely<Database>, staleAfterMs: number): Promise<VdnEntry[]> {
  return await db
    .selectFrom('freshness')
    .leftJoin('held_change', (join) =>
      join
        .onRef('held_change.source', '=', 'freshness.source')
        .onRef('held_change.vdn_id', '=', 'freshness.vdn_id'),
    )
    .select([
      'freshness.source',
      'freshness.vdn_id as vdnId',
      'code_count as codeCount',
      'last_verified_at as lastVerifiedAt',
      sql<number | null>`age_seconds * 1000`.as('ageMs'),
      sql<boolean>`age_seconds is null or age_seconds not between 0 and ${staleAfterMs / 1000}`.as('stale'),
      'is_failing as failing',
      'failing_since as failingSince',
      'consecutive_failures as consecutiveFailures',
      'last_error_code as errorCode',
      'last_error_message as errorMessage',
      'is_held as held',
      'held_change.reason as heldReason',
    ])
    .orderBy('freshness.source')
    .orderBy('freshness.vdn_id')
    .execute();
}
