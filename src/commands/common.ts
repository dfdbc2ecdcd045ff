import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Logger } from 'pino';
import { parseDuration } from '../config/fields.ts';
import { loadConfig } from '../config/load.ts';
import { type Config, logLevels } from '../config/schema.ts';
import { parseVdnList } from '../config/vdn-list.ts';
import { withCommandLines } from '../domain/invocation.ts';
import type { ExitCode } from '../errors.ts';
import { createLogger } from '../observe/logger.ts';
import { type MissingDatabase, type OpenDatabase, openDatabase } from '../store/database.ts';
import { contactError } from '../store/database-error.ts';
import { Reconnect } from '../store/reconnect.ts';
import { defaultConfigFile, invocationOf } from './invocation.ts';

/** How a command passes its exit code to main.ts, the only place that sets the process's. */
export type Exit = (code: ExitCode) => void;

/** The options that every command has. */
export interface CommonOptions {
  readonly config?: string;
  readonly logLevel?: Config['log']['level'];
}

/** Where `demo` keeps its database; `status` and `changes` look there where there is no configuration. */
export const demoDirectory = 'obs-data';

/** Gives a command the options that all have. */
export function withCommonOptions(command: Command, configUse = 'configuration file'): Command {
  return command
    .addOption(
      new Option('--config <file>', configUse)
        .env('OBS_CODE_SYNC_CONFIG')
        .default(undefined, defaultConfigFile),
    )
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(logLevels));
}

/** The options of a command that can be limited to some VDNs. */
export interface VdnOptions extends CommonOptions {
  readonly source?: string;
  readonly vdn?: readonly number[];
}

/** Gives a command the options that all have, and those that limit it to some VDNs. */
export function withVdnOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--source <name>', 'only this source')
    .option('--vdn <list>', 'only these VDNs, e.g. 1,25,100-120', vdnArgument);
}

/** @throws FatalError `configuration` */
export function loadConfiguration({ config }: CommonOptions): Promise<Config> {
  const namedBy = config === process.env.OBS_CODE_SYNC_CONFIG ? 'OBS_CODE_SYNC_CONFIG' : '--config';
  if (config === undefined) return loadConfig(defaultConfigFile, process.env, 'default');
  return loadConfig(config, process.env, namedBy);
}

/** The part of a configuration that is needed to read the database. */
export type ReadingConfig = Pick<Config, 'database' | 'freshness' | 'schedule'>;

/** The configuration, or where there is none and none was named, the demo's database if that exists. */
export async function loadReadingConfiguration(options: CommonOptions): Promise<ReadingConfig> {
  const demo = path.resolve(demoDirectory);
  if (options.config !== undefined || existsSync(defaultConfigFile) || !existsSync(demo)) {
    return loadConfiguration(options);
  }
  return demoConfiguration(demo);
}

/** How the demo's database is opened. */
function demoConfiguration(directory: string): ReadingConfig {
  return {
    database: { url: `pglite:${directory}`, schema: 'obs' },
    freshness: { staleAfterMs: 36 * 3_600_000 },
  };
}

export interface DatabaseUse {
  /** Whether to create a missing embedded database; only commands that migrate do. */
  readonly missing?: MissingDatabase;
  /** Retries the work for up to 30 s while the database is away or busy; it must be safe to repeat. */
  readonly repeats?: 'write' | 'read';
}

/**
 * Opens the database for the time of `work`.
 *
 * @throws FatalError `database-unreachable`, `database-unusable` also where `work` throws the database's errors
 */
export async function withDatabase<T>(
  config: Config['database'],
  work: (database: OpenDatabase) => Promise<T>,
  { missing = 'require', repeats }: DatabaseUse = {},
): Promise<T> {
  const database = await openDatabase(config, missing);
  try {
    if (repeats === undefined) return await work(database);
    const log = createLogger('warn', (line) => process.stderr.write(line));
    const reconnect = new Reconnect(database, new AbortController().signal, log, { purpose: repeats });
    return await reconnect.retry(() => work(database));
  } catch (error) {
    throw contactError(error, database.where);
  } finally {
    await database.close();
  }
}

/**
 * The log, at the level of the command line or the configuration. A terminal shows tables and a progress bar: there,
 * unless asked for more, the log only warns.
 */
export function logger(
  { logLevel, config: file }: CommonOptions,
  config: Pick<Config, 'log'>,
  writeLine: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  const invocation = invocationOf({ config: file });
  const level = logLevel ?? (process.stderr.isTTY ? 'warn' : config.log.level);
  return createLogger(level, writeLine, (message) => withCommandLines(message, invocation));
}

/** As in the configuration; Postgres cannot compute with much longer times. */
const longestDays = 36_500;

/** For commander: a duration such as `36h`, in milliseconds. */
export function durationArgument(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.problems.join('; '));
  if (parsed.value > longestDays * 86_400_000) throw new InvalidArgumentError(`at most ${longestDays}d.`);
  return parsed.value;
}

/** For commander: VDNs such as `1,25,100-120`. */
function vdnArgument(text: string): number[] {
  const parsed = parseVdnList(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.problems.join('; '));
  return parsed.value;
}
