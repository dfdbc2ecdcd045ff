import { FatalError, type Interruption } from '../errors.ts';
import { type RunSummary, refusedSummary } from '../sync/summary.ts';
import { shardArgument, shardOfJob } from './shard-argument.ts';
import { writeSummaryFile } from './summary-file.ts';
import { printJson } from './terminal.ts';

/**
 * Tells programs why a command ended before its work was done: whoever asked for JSON or a summary file gets it. The
 * arguments are read as they stand, for a mistyped option keeps all of them from being parsed.
 */
export async function tellRefusal(
  failure: FatalError | Interruption,
  [command, ...options]: readonly string[],
): Promise<void> {
  const code = failure instanceof FatalError ? failure.code : 'interrupted';
  const json = options.includes('--json');
  if (command !== 'sync' || !(failure instanceof FatalError)) {
    if (json) printJson({ error: { code, message: failure.message } });
    return;
  }
  const summary: RunSummary = {
    ...refusedSummary(failure, options.includes('--dry-run')),
    shard: shardAskedFor(options),
  };
  if (json) printJson(summary);
  const file = argumentOf('--summary-file', options);
  if (file !== undefined) await writeSummaryFile(file, summary);
}

function shardAskedFor(options: readonly string[]): string | null {
  const asked = argumentOf('--shard', options);
  try {
    const shard = asked === undefined ? shardOfJob(process.env) : shardArgument(asked);
    return shard === undefined ? null : `${shard.index}/${shard.count}`;
  } catch {
    // That is what the command was refused for.
    return null;
  }
}

function argumentOf(name: string, options: readonly string[]): string | undefined {
  const at = options.findLastIndex((option) => option === name || option.startsWith(`${name}=`));
  const [option, next] = at < 0 ? [] : options.slice(at, at + 2);
  const value = option === name ? next : option?.slice(name.length + 1);
  return value === '' || value?.startsWith('-') ? undefined : value;
}
