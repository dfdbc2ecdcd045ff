import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Logger } from 'pino';
import { type ExitCode, FatalError } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrateToLatest } from '../store/migrator.ts';
import { Reconnect } from '../store/reconnect.ts';
import { runSync } from '../sync/run.ts';
import type { Shard } from '../sync/run-settings.ts';
import { RunCounters, type RunSummary } from '../sync/summary.ts';
import {
  durationArgument,
  type Exit,
  loadConfiguration,
  logger,
  type VdnOptions,
  withDatabase,
  withVdnOptions,
} from './common.ts';
import { listenForSignals } from './interruption.ts';
import { invocationOf } from './invocation.ts';
import { createNotifier } from './notification.ts';
import { fileArgument } from './output-file.ts';
import { createProgress } from './progress.ts';
import { askedFor, type RunChoices, runSettings, shardArgument, shardOfJob } from './run-settings.ts';
import { requireWritable, shownSummary, writeSummaryFile } from './summary-file.ts';
import { printSummary } from './sync-report.ts';
import { printJson } from './terminal.ts';

/** How often to check whether another run has ended. */
const askAgainMs = 2000;

interface SyncOptions extends VdnOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly summaryFile?: string;
  readonly shard?: Shard;
  readonly maxAge?: number;
  readonly approve?: readonly string[];
  readonly migrate?: boolean;
  readonly wait?: number;
}

/** `sync`: one run over the configured VDNs. */
export function syncCommand(exit: Exit): Command {
  return withVdnOptions(new Command('sync'))
    .description('read the code lists of the configured VDNs and bring the database up to date')
    .option('--dry-run', 'read and show the difference, write nothing')
    .option('--json', 'print the run summary as one JSON object on stdout')
    .option(
      '--summary-file <path>',
      'write the summary, without the changes, to a file of at most 4,000 bytes',
      fileArgument,
    )
    .option('--shard <i/n>', 'only the i-th of n shares of the servers, counted from 1', shardArgument)
    .option('--max-age <duration>', 'skip VDNs that were verified within it, e.g. 6h', durationArgument)
    .option(
      '--approve <plan>',
      'apply this held difference, or all that a source has held (repeatable); `status` lists the plans',
      planArgument,
    )
    .addOption(new Option('--migrate', 'bring the schema up to date first').conflicts('dryRun'))
    .option(
      '--wait <duration>',
      'wait up to this long for another run of the source to end, instead of ending with 75, e.g. 30m',
      durationArgument,
    )
    .addHelpText('after', examples)
    .action(async (options: SyncOptions, command: Command) => {
      exit(await sync(options, command.parent?.args ?? []));
    });
}

const examples = `
Examples:
  obs-code-sync sync                          every VDN of every source
  obs-code-sync sync --dry-run --vdn 25       show what would change in VDN 25
  obs-code-sync sync --source prod --json     for programs
  obs-code-sync sync --approve 3f9c0a12b7de48f1   apply a difference that was held

Exit codes: 0 done, 2 usage or configuration, 3 some VDNs failed, 4 some are held, 5 all failed,
6 database unreachable, 7 database unusable, 75 another run is at work, 130/143 stopped by a signal.`;

async function sync(options: SyncOptions, args: readonly string[]): Promise<ExitCode> {
  const choices = chosen(options);
  const counters = new RunCounters(askedFor(choices));
  const progress = createProgress();
  let recorded: RunSummary | undefined;
  const signals = listenForSignals(undefined, {
    leaving() {
      if (recorded !== undefined) return '; the run had ended, and is recorded';
      return counters.hasRow
        ? '; what was not finished is undone, and the next run marks this one as interrupted'
        : '';
    },
    async beforeForcedEnd(end) {
      progress.done();
      const summary = recorded ?? counters.summary(end);
      await printAndWrite(options, summary);
      return summary.exitCode;
    },
  });
  let summary: RunSummary;
  try {
    if (options.summaryFile !== undefined) await requireWritable(options.summaryFile);
    const config = await loadConfiguration(options);
    const settings = runSettings(config, choices, { trigger: 'cli', arguments: args.join(' ') });
    const log = logger(options, config, progress.writeLine);
    const work = async (database: OpenDatabase) => {
      const { signal } = signals;
      const reconnect = new Reconnect(database, signal, log);
      if (options.migrate) await reconnect.retry(() => migrateToLatest(database));
      recorded = await runSync(database, settings, { signal, logger: log, observer: progress, counters });
      return recorded;
    };
    const notifier = createNotifier({
      notify: options.dryRun ? undefined : config.notify,
      sources: settings.selection.map(({ source }) => source.name),
      ...{ invocation: invocationOf(options), logger: log, signal: signals.signal },
    });
    const missing = options.migrate ? 'make' : 'require';
    const run = () => notifier.notifying((run) => withDatabase(config.database, run, { missing }), work);
    summary = await afterOtherRuns(run, options.wait ?? 0, signals.signal, log);
  } finally {
    progress.done();
    signals.stop();
  }
  await printAndWrite(options, summary);
  return summary.exitCode;
}

async function printAndWrite(options: SyncOptions, ended: RunSummary): Promise<void> {
  const { json, summaryFile } = options;
  const invocation = invocationOf(options);
  const summary = shownSummary(ended, invocation);
  if (json) printJson(summary);
  else printSummary(summary, invocation);
  if (summaryFile !== undefined) await writeSummaryFile(summaryFile, summary);
}

/** The run that the command line asks for. */
function chosen({ source, vdn, shard, maxAge, approve, dryRun }: SyncOptions): RunChoices {
  const jobShard = shard ?? shardOfJob(process.env);
  return { source, vdns: vdn, shard: jobShard, maxAgeMs: maxAge, approvals: approve, dryRun };
}

function planArgument(text: string, earlier: readonly string[] = []): string[] {
  if (!/^[0-9a-f]{16}$/.test(text))
    throw new InvalidArgumentError('a plan has 16 hex digits; `status` lists those that are held.');
  return [...earlier, text];
}

/**
 * Starts a run, again and again while another one is at work on one of its sources.
 *
 * @param start throws FatalError `locked` where it touched nothing since another run is at work
 * @param waitMs for how long; then `locked` is thrown
 */
async function afterOtherRuns<T>(
  start: () => Promise<T>,
  waitMs: number,
  signal: AbortSignal,
  logger: Logger,
): Promise<T> {
  const until = performance.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const left = until - performance.now();
      if (!(error instanceof FatalError && error.code === 'locked' && left > 0)) throw error;
      if (attempt === 1) logger.info(`waiting up to ${Math.round(waitMs / 1000)} s: ${error.message}`);
      await delay(Math.min(askAgainMs, left), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
