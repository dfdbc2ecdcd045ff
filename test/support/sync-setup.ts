import { onTestFinished } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { type CommandResult, type RunningCommand, start } from './command.ts';

import { testKeys, writeConfig } from './configuration.ts';
import { call } from './in-process.ts';
import { testDatabase } from './postgres.ts';
import { query } from './template-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface SyncSetupOptions {
  /** Names of the sources, all on one simulator. Default: one, `test`. */
  readonly sources?: readonly string[];
  /** VDNs of each source. */
  readonly vdns: (number | string)[];
  /** Default: 10. */
  readonly codesPerVdn?: number;
  /** Further settings of each source. */
  readonly source?: Readonly<Record<string, unknown>>;
  /** Default: a database of its own on the run's server. */
  readonly databaseUrl?: string;
  readonly notify?: { readonly url: string };
  /** Query part of the URL in the configuration, and there only. */
  readonly databaseOptions?: string;
}

/** A simulator, a database and a configuration that joins them, for one test. */
export interface SyncSetup {
  readonly simulator: Simulator;
  readonly url: string;
  readonly config: string;
  /** Runs `sync --json ARGS` to its end, in this process. */
  sync(...args: string[]): Promise<CommandResult>;
  /** Starts it as a process of its own. */
  startSync(...args: string[]): RunningCommand;
  /** Rows of a query. */
  rows(statement: string): Promise<Record<string, unknown>[]>;
}

export async function syncSetup(options: SyncSetupOptions): Promise<SyncSetup> {
  const { sources = ['test'], vdns, codesPerVdn = 10 } = options;
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn });
  onTestFinished(() => simulator.close());
  const url = options.databaseUrl ?? (await ownDatabase());
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: options.databaseOptions === undefined ? url : `${url}?${options.databaseOptions}` },
    sources: sources.map((name) => ({ name, baseUrl: simulator.baseUrl, vdns, ...options.source })),
    ...(options.notify === undefined ? {} : { notify: options.notify }),
  });
  const startSync = (...args: string[]) => start(['sync', '--json', ...args], { config });
  return {
    simulator,
    url,
    config,
    startSync,
    sync: (...args) => call(['sync', '--json', ...args], config),
    rows: (statement) => query(url, statement),
  };
}

async function ownDatabase(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  return database.url;
}
