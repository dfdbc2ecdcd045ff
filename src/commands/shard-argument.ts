import { InvalidArgumentError } from 'commander';
import { FatalError } from '../errors.ts';
import type { Shard } from '../sync/shard.ts';

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
