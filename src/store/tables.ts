import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { TriedOutcome, VdnOutcome } from '../domain/outcome.ts';
import type { VdnErrorCode } from '../errors.ts';

/**
 * The tables as Kysely sees them, and of views what the program itself reads. What they mean to a reader stands in the comments of the migrations,
 * which the database shows; instants are `timestamptz` of the database's clock.
 *
 * An instant that is written back must not pass through a JavaScript Date, which cuts microseconds: read it
 * with `instantText` and hand it back as text.
 */
export interface Database {
  result_code: ResultCodeTable;
  result_code_history: ResultCodeHistoryTable;
  vdn: VdnTable;
  held_change: HeldChangeTable;
  source: SourceTable;
  sync_run: SyncRunTable;
  sync_run_vdn: SyncRunVdnTable;
  code_change: CodeChangeView;
  freshness: FreshnessView;
}

type Instant = ColumnType<Date, string | Date, string | Date>;
type NullableInstant = ColumnType<Date | null, string | Date | null | undefined, string | Date | null>;

export interface ResultCodeTable {
  source: string;
  vdn_id: number;
  obs_code: string;
  obs_code_number: GeneratedAlways<string | null>;
  obs_code_desc: string | null;
  first_seen_at: Instant;
  changed_at: Instant;
  removed_at: NullableInstant;
}

export interface ResultCodeHistoryTable {
  source: string;
  vdn_id: number;
  obs_code: string;
  valid_from: Instant;
  obs_code_desc: string | null;
  valid_to: NullableInstant;
  opened_run_id: number;
  closed_run_id: number | null;
}

export interface VdnTable {
  source: string;
  vdn_id: number;
  configured: Generated<boolean>;
  code_count: Generated<number>;
  first_verified_at: NullableInstant;
  last_verified_at: NullableInstant;
  last_attempt_at: NullableInstant;
  last_changed_at: NullableInstant;
  last_outcome: TriedOutcome | null;
  last_run_id: number | null;
  failing_since: NullableInstant;
  consecutive_failures: Generated<number>;
  last_error_code: VdnErrorCode | null;
  last_error_message: string | null;
}

export interface HeldChangeTable {
  source: string;
  vdn_id: number;
  plan: string;
  held_since: Instant;
  run_id: number;
  /** The sorted changes as `Change[]` of the domain; written as JSON text. */
  difference: ColumnType<unknown, string, string>;
  /** Why it is held, one sentence with its figures, as it is shown. */
  reason: string;
}

/** What the last run of a source was configured with. */
export interface SourceTable {
  source: string;
  /** Host and port; null where only version 0.1.0 has run. */
  server: string | null;
  locale: string | null;
  /** An interval: `36 hours`; read it as seconds, since drivers give intervals as objects. */
  stale_after: ColumnType<unknown, string, string>;
  last_run_id: number | null;
}

export type RunStatus = 'running' | 'succeeded' | 'partial' | 'failed' | 'interrupted';

export interface SyncRunTable {
  run_id: GeneratedAlways<number>;
  started_at: Generated<Date>;
  finished_at: NullableInstant;
  status: RunStatus;
  trigger: 'cli' | 'schedule';
  arguments: string;
  shard: string | null;
  version: string;
  host: string;
  exit_code: number | null;
  error_code: string | null;
  error_message: string | null;
  vdns_total: Generated<number>;
  vdns_unchanged: Generated<number>;
  vdns_changed: Generated<number>;
  vdns_failed: Generated<number>;
  vdns_held: Generated<number>;
  vdns_skipped: Generated<number>;
  vdns_fresh: Generated<number>;
  vdns_unconfigured: Generated<number>;
  codes_added: Generated<number>;
  codes_changed: Generated<number>;
  codes_removed: Generated<number>;
  codes_returned: Generated<number>;
  requests: Generated<number>;
}

export interface SyncRunVdnTable {
  run_id: number;
  source: string;
  vdn_id: number;
  outcome: Exclude<VdnOutcome, 'unchanged' | 'fresh'>;
  codes_added: Generated<number>;
  codes_changed: Generated<number>;
  codes_removed: Generated<number>;
  codes_returned: Generated<number>;
  requests: Generated<number>;
  duration_ms: number;
  error_code: VdnErrorCode | null;
  error_message: string | null;
  plan: string | null;
  approved: Generated<boolean>;
}

export type CodeChangeKind = 'initial' | 'added' | 'changed' | 'removed' | 'returned';

export interface CodeChangeView {
  changed_at: Date;
  kind: CodeChangeKind;
  source: string;
  vdn_id: number;
  obs_code: string;
  old_desc: string | null;
  new_desc: string | null;
  run_id: number;
}

export interface FreshnessView {
  source: string;
  vdn_id: number;
  code_count: number;
  last_verified_at: Date | null;
  is_held: boolean;
  is_failing: boolean;
  failing_since: Date | null;
  consecutive_failures: number;
  last_error_code: VdnErrorCode | null;
  last_error_message: string | null;
}
