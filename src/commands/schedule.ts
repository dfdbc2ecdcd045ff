import { once } from 'node:events';
import { Command } from 'commander';
import type { Logger } from 'pino';
import type { Config } from '../config/types.ts';
import { type ExitCode, FatalError, type Interruption } from '../errors.ts';
import { createMetrics } from '../observe/metrics.ts';
import { readPageReport } from '../page/report.ts';
import { pageRoute } from '../schedule/page-route.ts';
import { probeRoutes } from '../schedule/probes.ts';
import { createScheduler, type WithDatabase } from '../schedule/scheduler.ts';
import { type Routes, serve } from '../schedule/server.ts';
import { sourceStates } from '../schedule/source-states.ts';
import type { OpenDatabase } from '../store/database.ts';
import { requireCurrentSchema } from '../store/migrator.ts';
import {
  type CommonOptions,
  type Exit,
  loadConfiguration,
  logger,
  programName,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { listenForSignals } from './interruption.ts';
import { planRun } from './plan.ts';

/** A run has 15 s to end, and 10 s to be interrupted; then the process is gone, whatever it does. */
const graceMs = 25_000;

/** `schedule`: stays up and runs the sync at its times. */
export function scheduleCommand(exit: Exit): Command {
  return withCommonOptions(new Command('schedule'))
    .description('stay up, sync at the times of schedule.cron, and serve health, metrics and the status page')
    .addHelpText('after', help)
    .action(async (options: CommonOptions) => {
      exit(await schedule(options));
    });
}

const help = `
Serves on http.host and http.port:
  /          the status page
  /healthz   the process works
  /readyz    the database answers and its schema fits; 503 with the reason otherwise
  /metrics   for Prometheus

SIGTERM and SIGINT let a run finish within 15 s, else interrupt it; the exit code is 143 or 130.

Examples:
  obs-code-sync schedule
  obs-code-sync schedule --config /etc/obs-code-sync.yaml --log-level debug`;

async function schedule(options: CommonOptions): Promise<ExitCode> {
  const signals = listenForSignals(graceMs);
  try {
    const config = await loadConfiguration(options);
    const log = logger(options, config);
    const metrics = createMetrics(config.sources.map(({ name }) => name));
    const plan = planRun(config, {}, { trigger: 'schedule', arguments: '' });
    return await withDatabase(config.database, async (database) => {
      const scheduler = createScheduler({
        ...{ schedule: scheduleOf(config), plan, metrics, logger: log },
        withDatabase: databaseOfRuns(config, database),
      });
      const routes = {
        ...pageRouteOf(config, database, log),
        ...probeRoutes(questions(config, database), metrics),
      };
      const server = await serve(config.http, routes, log);
      log.info({ url: server.url }, `the status page, health and metrics are served at ${server.url}`);
      try {
        scheduler.start();
        if (!signals.signal.aborted) await once(signals.signal, 'abort');
        const reason: Interruption = signals.signal.reason;
        log.info(reason.message);
        await scheduler.stop(reason);
        return reason.exitCode;
      } finally {
        await server.close();
      }
    });
  } finally {
    signals.stop();
  }
}

function scheduleOf({ schedule }: Config): NonNullable<Config['schedule']> {
  if (schedule !== undefined) return schedule;
  throw new FatalError(
    'configuration',
    'schedule.cron is missing, and the command "schedule" needs it. Expected e.g. schedule: { cron: "15 2 * * *", timezone: Asia/Shanghai }.',
  );
}

/**
 * A run gets connections of its own: those that have idled since the night before may be dead without knowing it.
 * The embedded database can be open once only.
 */
function databaseOfRuns(config: Config, database: OpenDatabase): WithDatabase {
  if (database.openLockConnection === undefined) return (work) => work(database);
  return (work) => withDatabase(config.database, work);
}

function questions({ sources, freshness }: Config, database: OpenDatabase) {
  return {
    databaseReady: () => requireCurrentSchema(database),
    sourceStates: () => sourceStates(database.db, sources, freshness.staleAfterMs),
  };
}

function pageRouteOf({ freshness }: Config, database: OpenDatabase, log: Logger): Routes {
  const settings = { ...freshness, program: programName() };
  return pageRoute(() => readPageReport(database, settings), settings.program, log);
}
