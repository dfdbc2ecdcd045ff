import type { ColumnType } from 'kysely';
import type { TriedOutcome } from '../domain/outcome.ts';
import type { VdnErrorCode } from '../errors.ts';

/**
 * The views that the program itself reads, as Kysely sees them; what their columns mean, and which others there are
 * for reports, stands in the migrations.
 */
export interface Views {
  code_change: CodeChangeView;
  freshness: FreshnessView;
}

type ReadOnly<Value> = ColumnType<Value, never, never>;

export type CodeChangeKind = 'initial' | 'added' | 'changed' | 'removed' | 'returned';

export interface CodeChangeView {
  changed_at: ReadOnly<Date>;
  kind: ReadOnly<CodeChangeKind>;
  source: ReadOnly<string>;
  vdn_id: ReadOnly<number>;
  obs_code: ReadOnly<string>;
  old_desc: ReadOnly<string | null>;
  new_desc: ReadOnly<string | null>;
  run_id: ReadOnly<number>;
}

export interface FreshnessView {
  source: ReadOnly<string>;
  vdn_id: ReadOnly<number>;
  code_count: ReadOnly<number>;
  first_verified_at: ReadOnly<Date | null>;
  last_verified_at: ReadOnly<Date | null>;
  /** An interval, which the drivers return in forms of their own: `age_seconds` is a number. */
  age: ReadOnly<unknown>;
  last_changed_at: ReadOnly<Date | null>;
  last_attempt_at: ReadOnly<Date | null>;
  last_outcome: ReadOnly<TriedOutcome | null>;
  last_run_id: ReadOnly<number | null>;
  is_held: ReadOnly<boolean>;
  held_since: ReadOnly<Date | null>;
  plan: ReadOnly<string | null>;
  is_failing: ReadOnly<boolean>;
  failing_since: ReadOnly<Date | null>;
  consecutive_failures: ReadOnly<number>;
  last_error_code: ReadOnly<VdnErrorCode | null>;
  last_error_message: ReadOnly<string | null>;
  is_stale: ReadOnly<boolean>;
  age_seconds: ReadOnly<number | null>;
}
