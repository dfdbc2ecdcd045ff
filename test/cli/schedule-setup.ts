import { onTestFinished } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { type RunningCommand, start } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { testDatabase } from '../support/postgres.ts';
import { parsePrometheusText, seriesValue } from '../support/prometheus-text.ts';
import { query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface Scheduled {
  readonly simulator: Simulator;
  readonly config: string;
  readonly databaseUrl: string;
  /** Starts `schedule` and resolves once it serves. */
  start(): Promise<RunningSchedule>;
  rows(statement: string): Promise<Record<string, unknown>[]>;
}

export interface RunningSchedule extends RunningCommand {
  readonly url: string;
  /** The log so far, line by line. */
  log(): Record<string, unknown>[];
  /** Reads one series of the metrics as they are now. */
  metric(name: string, labels?: Record<string, string>): Promise<number | undefined>;
}

/**
 * A simulator, a database and a configuration whose cron comes true every second.
 *
 * @param sections of the configuration, in place of the usual ones
 * @param source further settings of the source
 */
export async function scheduled(
  sections: Record<string, unknown> = {},
  source: Record<string, unknown> = {},
): Promise<Scheduled> {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
  onTestFinished(() => simulator.close());
  const database = await testDatabase();
  onTestFinished(() => database.close());
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: database.url },
    sources: [{ baseUrl: simulator.baseUrl, vdns: ['1-3'], retries: 0, ...source }],
    schedule: { cron: '* * * * * *', timezone: 'Asia/Shanghai' },
    http: { port: 0 },
    ...sections,
  });
  return {
    simulator,
    config,
    databaseUrl: database.url,
    start: () => startSchedule(config),
    rows: (statement) => query(database.url, statement),
  };
}

/** @param args further arguments */
export async function startSchedule(config: string, ...args: string[]): Promise<RunningSchedule> {
  const command = start(['schedule', ...args], { config });
  onTestFinished(async () => {
    command.signal('SIGKILL');
    await command.exit;
  });
  const [, url = ''] = await command.waitForOutput(/"url":"(.+?)"/);
  return {
    ...command,
    url,
    log: () =>
      command
        .stderr()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    async metric(name, labels = {}) {
      const response = await fetch(`${url}/metrics`);
      return seriesValue(parsePrometheusText(await response.text()), `obs_code_sync_${name}`, labels);
    },
  };
}
