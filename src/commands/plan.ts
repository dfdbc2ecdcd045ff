import { hostname } from 'node:os';
import type { Config } from '../config/types.ts';
import type { RunOrigin } from '../store/run-log.ts';
import type { RunPlan } from '../sync/run.ts';
import { type SelectionOptions, select } from '../sync/selection.ts';
import { version } from '../version.ts';

/** What whoever starts a run may choose; what is left out is everything, and for real. */
export interface RunChoices extends SelectionOptions {
  readonly maxAgeMs?: number | undefined;
  readonly approvals?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

/**
 * What a run is to do, from the configuration and what was chosen.
 *
 * @throws FatalError `usage` where a source or a VDN is asked for that is not configured
 */
export function planRun(
  config: Config,
  choices: RunChoices,
  origin: Pick<RunOrigin, 'trigger' | 'arguments'>,
): RunPlan {
  const { shard } = choices;
  return {
    selection: select(config.sources, choices),
    guard: config.guard,
    maxDurationMs: config.run.maxDurationMs,
    retentionMs: config.retention.runsMs,
    maxAgeMs: choices.maxAgeMs,
    approvals: new Set(choices.approvals),
    dryRun: choices.dryRun === true,
    origin: {
      ...origin,
      shard: shard === undefined ? null : `${shard.index}/${shard.count}`,
      version,
      host: hostname(),
    },
  };
}
