import { type Kysely, sql } from 'kysely';
import type { Change } from '../domain/diff.ts';
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
  readonly vdns: Record<'total' | 'unchanged' | 'changed' | 'failed' | 'held' | 'skipped' | 'fresh', number>;
  readonly codes: Record<'added' | 'changed' | 'removed' | 'returned', number>;
  readonly requests: number;
}

/** A configured VDN, and how far it can be trusted. */
export interface VdnEntry {
  readonly source: string;
  readonly vdnId: number;
  readonly codeCount: number;
  readonly lastVerifiedAt: Date | null;
  /** Since the last verification; null where there was none. */
  readonly ageMs: number | null;
  readonly stale: boolean;
  readonly failing: boolean;
  readonly failingSince: Date | null;
  readonly consecutiveFailures: number;
  readonly errorCode: VdnErrorCode | null;
  readonly errorMessage: string | null;
  readonly held: boolean;
}

/** One difference that is held, in all VDNs that have it. */
export interface HeldEntry {
  readonly plan: string;
  readonly source: string;
  readonly vdnIds: readonly number[];
  /** The longest that one of them has been held. */
  readonly heldSince: Date;
  readonly difference: readonly Change[];
}

/** The newest runs, newest first. */
export async function newestRuns(db: Kysely<Database>, most: number): Promise<RunEntry[]> {
  const rows = await db.selectFrom('sync_run').selectAll().orderBy('run_id', 'desc').limit(most).execute();
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
  }));
}

/**
 * All configured VDNs by source and number.
 *
 * @param staleAfterMs a VDN whose last verification lies further back, or that has none, is stale
 */
export async function configuredVdns(db: Kysely<Database>, staleAfterMs: number): Promise<VdnEntry[]> {
  return await db
    .selectFrom('freshness')
    .select([
      'source',
      'vdn_id as vdnId',
      'code_count as codeCount',
      'last_verified_at as lastVerifiedAt',
      sql<number | null>`(extract(epoch from age) * 1000)::double precision`.as('ageMs'),
      sql<boolean>`age is null or age > ${staleAfterMs} * interval '1 millisecond'`.as('stale'),
      'is_failing as failing',
      'failing_since as failingSince',
      'consecutive_failures as consecutiveFailures',
      'last_error_code as errorCode',
      'last_error_message as errorMessage',
      'is_held as held',
    ])
    .orderBy('source')
    .orderBy('vdn_id')
    .execute();
}

/** What is held in configured VDNs, longest first. */
export async function heldChanges(db: Kysely<Database>): Promise<HeldEntry[]> {
  const rows = await db
    .selectFrom('freshness')
    .innerJoin('held_change', (join) =>
      join
        .onRef('held_change.source', '=', 'freshness.source')
        .onRef('held_change.vdn_id', '=', 'freshness.vdn_id'),
    )
    .groupBy(['held_change.source', 'held_change.plan', 'difference'])
    .select([
      'held_change.plan',
      'held_change.source',
      sql<number[]>`array_agg(held_change.vdn_id order by held_change.vdn_id)`.as('vdnIds'),
      sql<Date>`min(held_change.held_since)`.as('heldSince'),
      sql<Change[]>`difference`.as('difference'),
    ])
    .orderBy('heldSince')
    .orderBy('held_change.plan')
    .execute();
  return rows;
}
