import { parseArgs } from 'node:util';
import { withCommandLines } from '../domain/invocation.ts';
import { FatalError, type Interruption } from '../errors.ts';
import { RunCounters } from '../sync/summary.ts';
import { invocationOf } from './invocation.ts';
import { askedFor, shardArgument, shardOfJob } from './run-settings.ts';
import { writeSummaryFile } from './summary-file.ts';
import { printJson } from './terminal.ts';

/** An error whose message has its commands as command lines to copy. */
export function shownFailure(
  failure: FatalError | Interruption,
  args: readonly string[],
): FatalError | Interruption {
  if (!(failure instanceof FatalError)) return failure;
  const { config } = lenient(args);
  const invocation = invocationOf(typeof config === 'string' ? { config } : {});
  return new FatalError(failure.code, withCommandLines(failure.message, invocation), {
    cause: failure.cause,
  });
}

/** Writes why a command ended before its work was done, as JSON, where JSON or a summary file was requested. */
export async function reportRefusal(
  failure: FatalError | Interruption,
  args: readonly string[],
): Promise<void> {
  const values = lenient(args);
  const json = values.json === true;
  if (args[0] !== 'sync') {
    const code = failure instanceof FatalError ? failure.code : 'interrupted';
    if (json) printJson({ error: { code, message: failure.message } });
    return;
  }
  const asked = askedFor({ shard: shardAskedFor(values.shard), dryRun: values['dry-run'] === true });
  const summary = new RunCounters(asked).summary(failure);
  if (json) printJson(summary);
  const file = values['summary-file'];
  if (typeof file === 'string' && file !== '') await writeSummaryFile(file, summary);
}

/** The options, read leniently: a mistyped argument may be what the command was refused for. */
function lenient(args: readonly string[]) {
  return parseArgs({
    args: args.slice(1),
    strict: false,
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      json: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      'summary-file': { type: 'string' },
      shard: { type: 'string' },
    },
  }).values;
}

function shardAskedFor(value: unknown) {
  try {
    return typeof value === 'string' ? shardArgument(value) : shardOfJob(process.env);
  } catch {
    // That is what the command was refused for.
    return undefined;
  }
}
