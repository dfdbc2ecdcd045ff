import type { Config } from '../config/schema.ts';
import type { RunOrigin } from '../store/run-store.ts';
import type { SourceSelection } from './selection.ts';

/** What a run is to do. */
export interface RunSettings {
  readonly selection: readonly SourceSelection[];
  readonly guard: Config['guard'];
  readonly maxDurationMs: number;
  /** Runs older than this are forgotten at the end. */
  readonly retentionMs: number;
  /** How old a verification may be before its VDN is stale; kept for reports. */
  readonly staleAfterMs: number;
  /** VDNs verified within it are not read; undefined: all are. */
  readonly maxAgeMs: number | undefined;
  /** Whether the run covers its sources whole, and so knows which VDNs have left the configuration. */
  readonly whole: boolean;
  readonly approvals: ReadonlySet<string>;
  readonly dryRun: boolean;
  readonly origin: RunOrigin;
}
