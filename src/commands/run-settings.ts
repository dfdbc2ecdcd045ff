import { hostname } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { Config } from '../config/schema.ts';
import { FatalError } from '../errors.ts';
import type { RunOrigin } from '../store/run-log.ts';
import type { RunSettings, Shard } from '../sync/run-settings.ts';
import { type SelectionOptions, select } from '../sync/run-settings.ts';
import { version } from '../version.ts';

/** The options of a run. Without one, the run covers everything and writes. */
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

/** For commander: `2/4`. */
export function shardArgument(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (!(shard.index >= 1 && shard.index <= shard.count)) {
    throw new InvalidArgumentError('expected I/N with I from 1 to N, e.g. 2/4.');
  }
  return shard;
}

/**
 * The shard of a pod of an Indexed Job, whose index Kubernetes counts from 0. The index alone says nothing of the
 * number of shards and is ignored.
 *
 * @throws FatalError `usage`
 */
export function shardOfJob(env: NodeJS.ProcessEnv): Shard | undefined {
  const { JOB_COMPLETION_INDEX: index, OBS_CODE_SYNC_SHARDS: count } = env;
  if (index === undefined || count === undefined) return undefined;
  const shard = { index: Number(index) + 1, count: Number(count) };
  if (/^\d+$/.test(index) && /^\d+$/.test(count) && shard.index <= shard.count) return shard;
  throw new FatalError(
    'usage',
    `JOB_COMPLETION_INDEX ${index} and OBS_CODE_SYNC_SHARDS ${count} do not go together: the index counts from 0 and must be ` +
      'less than the number of shards. Set OBS_CODE_SYNC_SHARDS to the Job’s completions.',
  );
}
