import type { ColumnType } from 'kysely';
import type { TriedOutcome } from '../domain/outcome.ts';
import type { VdnErrorCode } from '../errors.ts';

/** The views as Kysely sees them; what their columns mean stands in the comments of the migrations. */
export interface Views {
  active_result_code: ActiveResultCodeView;
  code: CodeView;
  code_by_source: CodeView & { source: ReadOnly<string> };
  code_by_number: Omit<CodeView, 'obs_code'> & { obs_code_number: ReadOnly<string> };
  result_code_period: ResultCodePeriodView;
  code_change: CodeChangeView;
  freshness: FreshnessView;
}

type ReadOnly<Value> = ColumnType<Value, never, never>;

export interface ActiveResultCodeView {
  source: ReadOnly<string>;
  vdn_id: ReadOnly<number>;
  obs_code: ReadOnly<string>;
  obs_code_number: ReadOnly<string | null>;
  obs_code_desc: ReadOnly<string | null>;
  first_seen_at: ReadOnly<Date>;
  changed_at: ReadOnly<Date>;
}

export interface CodeView {
  obs_code: ReadOnly<string>;
  obs_code_desc: ReadOnly<string | null>;
  is_active: ReadOnly<boolean>;
  vdn_count: ReadOnly<number>;
  description_count: ReadOnly<number>;
  is_ambiguous: ReadOnly<boolean>;
}

export interface ResultCodePeriodView {
  source: ReadOnly<string>;
  vdn_id: ReadOnly<number>;
  obs_code: ReadOnly<string>;
  obs_code_desc: ReadOnly<string | null>;
  /** A number is an infinity. */
  joins_from: ReadOnly<Date | number>;
  joins_to: ReadOnly<Date | number>;
  valid_from: ReadOnly<Date>;
  valid_to: ReadOnly<Date | null>;
}

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
  /** An interval, which the drivers return in forms of their own: select its `extract(epoch from age)`. */
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
}
