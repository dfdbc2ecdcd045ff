import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import type { RunOrigin } from '../store/run-log.ts';
import type { RunSettings } from '../sync/run-settings.ts';
import { type SelectionOptions, select } from '../sync/selection.ts';
import { version } from '../version.ts';

/** What may be chosen for a run; what is left out is everything, and for real. */
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
export function runSettings(
  config: Config,
  choices: RunChoices,
  origin: Pick<RunOrigin, 'trigger' | 'arguments'>,
): RunSettings {
  const { shard, vdns } = choices;
  return {
    selection: select(config.sources, choices),
    guard: config.guard,
    maxDurationMs: config.run.maxDurationMs,
    retentionMs: config.retention.runsMs,
    staleAfterMs: config.freshness.staleAfterMs,
    whole: shard === undefined && vdns === undefined,
    maxAgeMs: choices.maxAgeMs,
    approvals: new Set(choices.approvals),
    dryRun: choices.dryRun === true,
    origin: {
      ...origin,
      shard: shardText(shard),
      version,
      host: hostname(),
    },
  };
}

/** What the summary says of how the run was asked for. */
export function askedFor({ shard, dryRun }: RunChoices): { shard: string | null; dryRun: boolean } {
  return { shard: shardText(shard), dryRun: dryRun === true };
}

function shardText(shard: RunChoices['shard']): string | null {
  return shard === undefined ? null : `${shard.index}/${shard.count}`;
}
