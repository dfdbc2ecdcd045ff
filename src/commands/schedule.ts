import { once } from 'node:events';
import { Command } from 'commander';
import type { Logger } from 'pino';
import { parseDatabaseUrl } from '../config/database-url.ts';
import type { Config } from '../config/schema.ts';
import type { Invocation } from '../domain/invocation.ts';
import { type ExitCode, FatalError, type Interruption } from '../errors.ts';
import { createMetrics } from '../observe/metrics.ts';
import { readPageReport } from '../page/report.ts';
import { createMigration, type Migration } from '../schedule/migration.ts';
import { pageRoute, probeRoutes } from '../schedule/routes.ts';
import { createScheduler, type WithDatabase } from '../schedule/scheduler.ts';
import { type Routes, serve } from '../schedule/server.ts';
import { sourceStates } from '../schedule/source-states.ts';
import type { OpenDatabase } from '../store/database.ts';
import { readOnly } from '../store/read-only.ts';
import { requireRunnable } from '../store/runnable.ts';
import {
  type CommonOptions,
  type Exit,
  loadConfiguration,
  logger,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { listenForSignals } from './interruption.ts';
import { invocationOf } from './invocation.ts';
import { createNotifier, type Opening } from './notification.ts';
import { pageSettings } from './page-settings.ts';
import { runSettings } from './run-settings.ts';

/** A run has 15 s to end, and 10 s to be interrupted; then the process ends in any case. */
const graceMs = 25_000;

interface ScheduleOptions extends CommonOptions {
  readonly migrate?: boolean;
}

/** `schedule`: stays up and runs the sync at its times. */
export function scheduleCommand(exit: Exit): Command {
  return withCommonOptions(new Command('schedule'))
    .description('stay up, sync at the times of schedule.cron, and serve health, metrics and the status page')
    .option('--migrate', 'bring the schema up to date first, as soon as the database is there')
    .addHelpText('after', help)
    .action(async (options: ScheduleOptions) => exit(await schedule(options, invocationOf(options))));
}

/** The writer, whose URL the configuration has, may not change the schema. */
const ownerUrlVariable = 'OBS_CODE_SYNC_OWNER_URL';

const help = `
Serves on http.host and http.port:
  /          the status page
  /healthz   the process works
  /readyz    a run could begin now; 503 with the reason otherwise
  /metrics   for Prometheus

A run that ended with 3, 5, 6 or 75 is repeated for what it did not verify: schedule.retries, schedule.retryDelay.
--migrate takes the URL of the schema's owner from ${ownerUrlVariable}, else database.url. While the database is
away all is served, and the schema is brought up to date once it is back.

SIGTERM and SIGINT let a run finish within 15 s, else interrupt it; the exit code is 143 or 130.

Examples:
  obs-code-sync schedule
  obs-code-sync schedule --migrate
  obs-code-sync schedule --config /etc/obs-code-sync.yaml --log-level debug`;

async function schedule(options: ScheduleOptions, invocation: Invocation): Promise<ExitCode> {
  const signals = listenForSignals(graceMs, {
    leaving: () => '; a run under way is marked as interrupted by the next one',
  });
  try {
    const config = await loadConfiguration(options);
    const owner = options.migrate ? ownerOf(config) : undefined;
    const work = (database: OpenDatabase) =>
      serveAndRun(config, database, owner, {
        invocation,
        // The log is the only output, so also on a terminal it says where the page is and when the next run is due.
        log: logger({ logLevel: options.logLevel ?? config.log.level }, config),
        signal: signals.signal,
      });
    return await withDatabase(config.database, work, { missing: owner ? 'make' : 'require' });
  } finally {
    signals.stop();
  }
}

/** @param owner what the schema is brought up to date with; undefined: it is not */
async function serveAndRun(
  config: Config,
  database: OpenDatabase,
  owner: Config['database'] | undefined,
  { invocation, log, signal }: { invocation: Invocation; log: Logger; signal: AbortSignal },
): Promise<ExitCode> {
  const migration = owner && createMigration(databaseOfRuns(owner, database), log);
  const runs = databaseOfRuns(config.database, database);
  const metrics = createMetrics(config.sources.map(({ name }) => name));
  const notifier = createNotifier({
    notify: config.notify,
    sources: config.sources.map(({ name }) => name),
    ...{ invocation, logger: log, signal },
  });
  const scheduler = createScheduler({
    ...{ schedule: scheduleOf(config), metrics, logger: log },
    settings: runSettings(config, {}, { trigger: 'schedule', arguments: '' }),
    withDatabase: (run, repeated) => {
      const opening: Opening = async (work) => {
        await migration?.ensure();
        return runs(work);
      };
      return notifier.notifying(opening, run, repeated);
    },
  });
  const routes = {
    ...pageRouteOf(config, database, invocation, log),
    ...probeRoutes(questions(config, database, migration), metrics, invocation),
  };
  const server = await serve(config.http, routes, log);
  log.info({ url: server.url }, `the status page, health and metrics are served at ${server.url}`);
  const migrated = migration?.keepTrying(signal);
  try {
    scheduler.start();
    if (!signal.aborted) await once(signal, 'abort');
    const reason: Interruption = signal.reason;
    log.info(reason.message);
    await scheduler.stop(reason);
    await migrated;
    return reason.exitCode;
  } finally {
    await server.close();
  }
}

/** @throws FatalError `configuration` where the owner's URL is none */
function ownerOf({ database }: Config): Config['database'] {
  const url = process.env[ownerUrlVariable];
  if (url === undefined) return database;
  const parsed = parseDatabaseUrl(url, process.cwd());
  if (parsed.ok) return { ...database, url: parsed.value };
  throw new FatalError('configuration', `${ownerUrlVariable}: ${parsed.problems.join('; ')}.`);
}

function scheduleOf({ schedule }: Config): NonNullable<Config['schedule']> {
  if (schedule !== undefined) return schedule;
  throw new FatalError(
    'configuration',
    'schedule.cron is missing, and the command "schedule" needs it. Expected e.g. schedule: { cron: "15 2 * * *", timezone: Asia/Shanghai }.',
  );
}

/**
 * A run gets new connections, since those idle since last night may be dead. The embedded database can be open only
 * once.
 */
function databaseOfRuns(config: Config['database'], database: OpenDatabase): WithDatabase {
  if (database.openLockConnection === undefined) return (work) => work(database);
  return (work) => withDatabase(config, work);
}

function questions({ sources }: Config, database: OpenDatabase, migration: Migration | undefined) {
  return {
    databaseReady: async () => {
      const failure = migration?.failure();
      if (failure !== undefined) throw failure;
      await readOnly(database, (trx) => requireRunnable(database, trx));
    },
    sourceStates: () => readOnly(database, (trx) => sourceStates(trx, sources)),
  };
}

function pageRouteOf(config: Config, database: OpenDatabase, invocation: Invocation, log: Logger): Routes {
  const read = () => readPageReport(database, pageSettings(config, invocation));
  return pageRoute(read, pageSettings(config, invocation), log);
}
