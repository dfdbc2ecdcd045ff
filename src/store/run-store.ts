import type { Logger } from 'pino';
import { DatabaseError, FatalError, type VdnErrorCode } from '../errors.ts';
import { isRunNumberTaken } from './circumstances.ts';
import type { OpenDatabase } from './database.ts';
import { contactError } from './database-error.ts';
import { Reconnect } from './reconnect.ts';
import { outcomeRecorder, type WritingRun } from './record-outcome.ts';
import { takeRunLock } from './run-lock.ts';
import {
  countFresh,
  finishRun,
  prune,
  type RunOrigin,
  type RunResult,
  recordSkipped,
  startRun,
} from './run-log.ts';
import { type RunReader, runReader } from './run-reader.ts';
import { requireRunnable, restartedNumbers } from './runnable.ts';
import { type StorableText, storableText } from './storable-text.ts';
import {
  type ConfiguredSource,
  prepareVdns,
  rememberSource,
  type SourceNews,
  sourceNews,
  waitForWriters,
} from './vdn-states.ts';
import type { OutcomeRecord } from './write-outcomes.ts';

// All that a run uses of the store.
export type { OpenDatabase } from './database.ts';
export type { RunOrigin, RunResult } from './run-log.ts';
export { type SourceNews, unknownVdn, type VdnState } from './vdn-states.ts';

/** What a run works on, as far as it matters to the store. */
export interface RunScope {
  readonly sources: readonly ConfiguredSource[];
  /** VDNs that the run is to bring up to date. */
  readonly vdnsTotal: number;
  /** Whether to mark VDNs that have left the configuration; a run over a part of them does not. */
  readonly marksUnconfigured: boolean;
  readonly staleAfterMs: number;
  /** Runs older than this are deleted at the end. */
  readonly retentionMs: number;
  readonly origin: RunOrigin;
  /** A dry run reads the same and writes nothing. */
  readonly dryRun: boolean;
}

/**
 * What a run reads from the database and records there: the one owner of locks, batches, retries and lost connections.
 * It throws `VdnError` where one VDN cannot go on, `FatalError` where the run cannot, and the reason of its signal.
 */
export interface RunStore extends RunReader {
  /** Null in a dry run. */
  readonly runId: number | null;
  /** How each source differs from what the last run found, by its name. */
  readonly news: ReadonlyMap<string, SourceNews>;
  /** Writes a VDN's outcome: all of it or nothing, and only once, even when the connection breaks. */
  record(record: OutcomeRecord): Promise<void>;
  /** Counts fresh VDNs, so that they do not count as skipped where the run is killed. */
  fresh(vdns: number): Promise<void>;
  /** Writes a line for each VDN that was not tried. */
  skip(source: string, vdnIds: readonly number[], errorCode: VdnErrorCode, message: string): Promise<void>;
  /**
   * Closes the run's row and deletes old runs.
   *
   * @returns how the run ended: as given, or because the database was gone
   */
  finish(result: RunResult): Promise<RunResult>;
  /** Lets the locks go. */
  close(): Promise<void>;
}

/**
 * Begins a run: checks that the database can be used, takes the locks of all sources, closes the rows of runs that
 * died, and opens the run's own row.
 *
 * @param signal stops all waiting
 * @throws FatalError where the run cannot begin; then nothing was touched
 */
export async function openRunStore(
  database: OpenDatabase,
  scope: RunScope,
  signal: AbortSignal,
  logger: Logger,
): Promise<RunStore> {
  const reconnect = new Reconnect(database, signal, logger);
  const begun = await orFatal(database, () => reconnect.retry(() => begin(database, scope)));
  const { db } = database;
  const reading = runReader(database, reconnect);
  if (begun.run === undefined) return { ...reading, ...begun, ...withoutWrites };

  const { runId, lock, text } = begun.run;
  let freshVdns = 0;
  return {
    ...reading,
    runId,
    news: begun.news,
    record: outcomeRecorder(database, begun.run, reconnect),
    async fresh(vdns) {
      if (vdns === 0) return;
      freshVdns += vdns;
      await orFatal(database, () => reconnect.retry(() => countFresh(db, runId, freshVdns)));
    },
    async skip(source, vdnIds, errorCode, message) {
      const work = () => recordSkipped(db, runId, source, vdnIds, errorCode, text.message(message));
      await orFatal(database, () => reconnect.retry(work));
    },
    finish: (result) => finish(database, scope, runId, result, { reconnect, text, signal, logger }),
    close: () => lock.release(),
  };
}

const withoutWrites = {
  runId: null,
  record: async () => {},
  fresh: async () => {},
  skip: async () => {},
  finish: async (result: RunResult) => result,
  close: async () => {},
} satisfies Partial<RunStore>;

interface Begun {
  readonly news: ReadonlyMap<string, SourceNews>;
  readonly run: WritingRun | undefined;
}

async function begin(database: OpenDatabase, scope: RunScope): Promise<Begun> {
  const { db } = database;
  const { sources, dryRun, marksUnconfigured } = scope;
  await requireRunnable(database, db, !dryRun);
  const readNews = async () => {
    const entries: [string, SourceNews][] = [];
    for (const source of sources)
      entries.push([source.name, await sourceNews(db, source, marksUnconfigured)]);
    return new Map(entries);
  };
  if (dryRun) return { news: await readNews(), run: undefined };
  const names = sources.map(({ name }) => name);
  const lock = await takeRunLock(database, names);
  try {
    const news = await readNews();
    const unconfiguredOf = (source: ConfiguredSource) => news.get(source.name)?.unconfigured ?? [];
    // Before dead runs are closed, so that what a killed run is still committing counts as its own.
    for (const source of sources) await waitForWriters(db, source);
    const unconfigured = sources.reduce((sum, source) => sum + unconfiguredOf(source).length, 0);
    const text = await storableText(db);
    const origin = { ...scope.origin, arguments: text.message(scope.origin.arguments) };
    const counts = { vdnsTotal: scope.vdnsTotal, unconfigured };
    const runId = await startRun(db, lock, origin, counts, async (trx, runId) => {
      if (await isRunNumberTaken(trx, runId, names)) throw restartedNumbers(database);
      for (const source of sources) {
        await prepareVdns(trx, source, unconfiguredOf(source));
        await rememberSource(trx, source, scope.staleAfterMs, runId);
      }
    });
    return { news, run: { runId, lock, text } };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function finish(
  database: OpenDatabase,
  { retentionMs }: RunScope,
  runId: number,
  result: RunResult,
  {
    reconnect,
    text,
    signal,
    logger,
  }: { reconnect: Reconnect; text: StorableText; signal: AbortSignal; logger: Logger },
): Promise<RunResult> {
  // The run has already waited for it; the next run closes the row.
  if (result.error?.code === 'database-unreachable') return result;
  const { error } = result;
  let { durationMs } = result;
  const storable = { ...result, error: error && { ...error, message: text.message(error.message) } };
  try {
    const tookMs = await orFatal(database, () =>
      reconnect.retry(() => finishRun(database.db, runId, storable)),
    );
    if (tookMs === undefined)
      logger.warn(
        `the row of run ${runId} in sync_run was deleted while the run was at work; what it wrote stands`,
      );
    durationMs = tookMs ?? durationMs;
  } catch (error) {
    if (!signal.aborted && !(error instanceof FatalError)) throw error;
    if (signal.aborted) {
      logger.warn('the end of the run could not be written to the database; the next run closes its row');
      return result;
    }
    const { exitCode, code, message } = error as FatalError;
    return { ...result, status: 'failed', exitCode, error: { code, message } };
  }
  if (!signal.aborted) await forgetOldRuns(database, retentionMs, logger);
  return { ...result, durationMs };
}

/** The next run can do this as well, so a failure does not fail the run. */
async function forgetOldRuns({ db }: OpenDatabase, retentionMs: number, logger: Logger): Promise<void> {
  try {
    await prune(db, retentionMs);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    logger.warn(`old runs could not be removed, the next run tries again: ${error.message}`);
  }
}

/** For work on the whole run: a database error ends the run. */
async function orFatal<T>({ where }: OpenDatabase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw contactError(error, where);
  }
}
