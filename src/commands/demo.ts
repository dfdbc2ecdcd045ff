import path from 'node:path';
import { Command } from 'commander';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { type Config, configSchema } from '../config/schema.ts';
import { harmless } from '../domain/quote.ts';
import { exitCodes, FatalError } from '../errors.ts';
import { demoAccount, type Simulator, startSimulator } from '../simulator/index.ts';
import { codeChanges } from '../store/change-feed.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrateToLatest } from '../store/migrator.ts';
import { storedCodes } from '../store/run-reader.ts';
import type { Database } from '../store/tables.ts';
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
import { changesTable, sharedChanges } from './differences.ts';
import { listenForSignals } from './interruption.ts';
import { programName } from './invocation.ts';
import { createProgress, type Progress } from './progress.ts';
import { runSettings } from './run-settings.ts';
import { printSummary } from './sync-report.ts';
import { coloured, print, table } from './terminal.ts';

const demoSource = 'demo';
const demoVdns = [1, 2, 3] as const;

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
      const signals = listenForSignals(undefined, {
        beforeForcedEnd: async ({ exitCode }) => {
          progress.done();
          return exitCode;
        },
      });
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
    printSummary(summary, { program: programName(), options: '' });
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

/** Where the demo ran before, the source starts with what it had then, as a real server would. */
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

const revision = / \(revised (\d+)\)$/;

/**
 * A day at the source: VDN 1 gets a code, VDN 2 loses one, VDNs 1 and 3 have a description rewritten. It can be
 * repeated, and then makes four changes of the same kinds.
 */
function demoEdits(simulator: Simulator): void {
  const [one, two, three] = demoVdns;
  simulator.vdn(one).add(unusedCode(simulator), 'The called party asked to be called back.');
  const last = simulator.vdn(two).list('en_US').at(-1);
  if (last) simulator.vdn(two).remove(last.obsCode);
  revise(simulator, one, '00605');
  revise(simulator, three, '00603');
}

function revise(simulator: Simulator, vdnId: number, obsCode: string): void {
  const vdn = simulator.vdn(vdnId);
  const text = String(vdn.list('en_US').find((code) => code.obsCode === obsCode)?.obsCodeDesc ?? '');
  const [, number = '0'] = revision.exec(text) ?? [];
  vdn.change(obsCode, `${text.replace(revision, '')} (revised ${Number(number) + 1})`);
}

/** A code that VDN 1 never had: larger than all others. */
function unusedCode(simulator: Simulator): string {
  const numbers = simulator
    .vdn(demoVdns[0])
    .list('en_US')
    .map(({ obsCode }) => Number(obsCode));
  return String(Math.max(...numbers) + 1).padStart(5, '0');
}

/**
 * A handful of calls as a warehouse has them, joined with the codes: one whose code was removed since keeps its
 * text, one whose code is unknown stays in the report.
 */
async function sampleReport(db: Kysely<Database>): Promise<{ head: string[]; rows: string[][] }> {
  const { rows } = await sql<{ call: string; vdn: number; code: string; reason: string; list: string }>`
    with call (call_id, vdn_id, fail_code) as (
      values ('c-1', 1, '00605'), ('c-2', 1, '00602'), ('c-3', 3, '00603'), ('c-4', 3, '99999'),
        ('c-5', 2, (
          select obs_code from result_code
          where source = ${demoSource} and vdn_id = 2 and removed_at is not null
          order by removed_at desc limit 1
        ))
    )
    select call.call_id as call, call.vdn_id as vdn, call.fail_code as code,
      coalesce(known.obs_code_desc, '(unknown code)') as reason,
      case when known.obs_code is null then '—' when known.removed_at is null then 'active' else 'removed' end as list
    from call
    left join result_code as known
      on known.source = ${demoSource} and known.vdn_id = call.vdn_id and known.obs_code = call.fail_code
    order by call.call_id`.execute(db);
  return {
    head: ['call', 'VDN', 'OBS code', 'reason', 'in the list'],
    rows: rows.map(({ call, vdn, code, reason, list }) => [call, String(vdn), code, harmless(reason), list]),
  };
}
