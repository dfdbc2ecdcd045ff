import path from 'node:path';
import { Command } from 'commander';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { configSchema } from '../config/schema.ts';
import { exitCodes, FatalError } from '../errors.ts';
import { demoAccount, type Simulator, startSimulator } from '../simulator/index.ts';
import { codeChanges } from '../store/change-feed.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrateToLatest } from '../store/migrator.ts';
import { storedCodes } from '../store/stored-codes.ts';
import { runSync } from '../sync/run.ts';
import { RunCounters, type RunSummary } from '../sync/summary.ts';
import {
  type CommonOptions,
  demoDirectory,
  type Exit,
  logger,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { demoEdits, demoSource, demoVdns } from './demo-edits.ts';
import { sampleReport } from './demo-report.ts';
import { changesTable, sharedChanges } from './differences.ts';
import { listenForSignals } from './interruption.ts';
import { programName } from './invocation.ts';
import { createProgress, type Progress } from './progress.ts';
import { runSettings } from './run-settings.ts';
import { printSummary } from './sync-report.ts';
import { coloured, print, table } from './terminal.ts';

/** `demo`: the whole job, with a simulated server and an embedded database. */
export function demoCommand(exit: Exit): Command {
  return withCommonOptions(new Command('demo'), 'has no effect here: the demo brings its own')
    .description(`show the whole job with a simulated server and an embedded database in ./${demoDirectory}`)
    .addHelpText(
      'after',
      '\nExamples:\n  obs-code-sync demo\n  obs-code-sync status     afterwards: what the demo left',
    )
    .action(async (options: CommonOptions) => {
      const directory = path.resolve(demoDirectory);
      const simulator = await startSimulator();
      const config = configOf(simulator, directory);
      const progress = createProgress();
      const signals = listenForSignals(undefined, async () => progress.done());
      const log = logger(options, { log: { level: 'warn' } }, progress.writeLine);
      try {
        const work = async (database: OpenDatabase) => {
          await refuseOtherSources(database, directory);
          await migrateToLatest(database);
          exit(await show({ database, config, simulator, signal: signals.signal, progress, logger: log }));
        };
        await withDatabase(config.database, work, { missing: 'make' });
      } finally {
        signals.stop();
        await simulator.close();
      }
    });
}

interface Demo {
  readonly database: OpenDatabase;
  readonly config: Config;
  readonly simulator: Simulator;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly logger: Logger;
}

async function show(demo: Demo): Promise<RunSummary['exitCode']> {
  const { database, simulator } = demo;
  await rememberSource(database, simulator);

  heading(`1. A CC-iSales simulator serves ${simulator.baseUrl}; its three VDNs are synced`);
  const first = await sync(demo);
  if (first.exitCode !== exitCodes.done) return first.exitCode;

  heading(
    '2. The source changes: a code is added, one is removed, two descriptions are rewritten; sync again',
  );
  demoEdits(simulator);
  const second = await sync(demo);
  if (second.exitCode !== exitCodes.done) return second.exitCode;

  heading('3. What the second run changed');
  const changes = await codeChanges(database.db, { since: 3_600_000, source: demoSource });
  print(changesTable(sharedChanges(changes.filter(({ runId }) => runId === second.runId))));

  heading('4. A handful of calls, joined with the codes (docs/reporting.md has more of these)');
  const report = await sampleReport(database.db);
  print(table(report.head, report.rows), '');
  print(`The database is in ./${demoDirectory}. Look around with:`);
  for (const command of ['status', 'changes']) print(`  ${programName()} ${command}`);
  return exitCodes.done;
}

async function sync({ database, config, signal, progress, logger }: Demo): Promise<RunSummary> {
  const settings = runSettings(config, {}, { trigger: 'cli', arguments: 'demo' });
  const counters = new RunCounters({ shard: null, dryRun: false });
  try {
    const summary = await runSync(database, settings, { signal, logger, observer: progress, counters });
    progress.done();
    printSummary(summary);
    return summary;
  } finally {
    progress.done();
  }
}

function configOf({ baseUrl }: Simulator, directory: string): Config {
  return configSchema(directory).parse({
    database: { url: `pglite:${directory}` },
    sources: [{ name: demoSource, baseUrl, ...demoAccount, vdns: demoVdns, locale: 'en_US' }],
  });
}

/** The demo must not write among real codes. */
async function refuseOtherSources({ db }: OpenDatabase, directory: string): Promise<void> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === 'vdn')) return;
  const other = await db
    .selectFrom('vdn')
    .where('source', '<>', demoSource)
    .select('source')
    .executeTakeFirst();
  if (other === undefined) return;
  throw new FatalError(
    'usage',
    `The database in ${directory} holds source ${other.source}, which is not the demo's. Run the demo in another directory.`,
  );
}

/** Where the demo ran before, the source still has what it had then: servers do not forget. */
async function rememberSource({ db }: OpenDatabase, simulator: Simulator): Promise<void> {
  // It is the same server, at a port of its own each time.
  const server = new URL(simulator.baseUrl).host;
  await db.updateTable('source').set({ server }).where('source', '=', demoSource).execute();
  const vdns = demoVdns.map((vdnId) => ({ source: demoSource, vdnId }));
  const stored = await storedCodes(db, vdns);
  for (const [index, vdnId] of demoVdns.entries()) {
    const active = (stored[index] ?? []).filter(({ removed }) => !removed);
    if (active.length === 0) continue;
    simulator
      .vdn(vdnId)
      .replace(active.map(({ obsCode, obsCodeDesc }) => ({ obsCode, obsCodeDesc: obsCodeDesc ?? '' })));
  }
}

function heading(text: string): void {
  print('', coloured('bold', text), '');
}
