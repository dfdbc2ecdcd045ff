import { parseArgs } from 'node:util';
import { FatalError, type Interruption } from '../errors.ts';
import { RunCounters } from '../sync/summary.ts';
import { askedFor, shardArgument, shardOfJob } from './run-settings.ts';
import { writeSummaryFile } from './summary-file.ts';
import { printJson } from './terminal.ts';

/**
 * Tells programs why a command ended before its work was done, where JSON or a summary file was asked for. The arguments
 * are read leniently: a mistyped one may be what the command was refused for.
 */
export async function tellRefusal(
  failure: FatalError | Interruption,
  [command, ...args]: readonly string[],
): Promise<void> {
  const { values } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      'summary-file': { type: 'string' },
      shard: { type: 'string' },
    },
  });
  const json = values.json === true;
  if (command !== 'sync') {
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

function shardAskedFor(value: unknown) {
  try {
    return typeof value === 'string' ? shardArgument(value) : shardOfJob(process.env);
  } catch {
    // That is what the command was refused for.
    return undefined;
  }
}
