import type { Logger } from 'pino';
import { vdnRanges } from '../domain/text.ts';
import { FatalError, Interruption } from '../errors.ts';
import type { Attempt } from '../isales/client.ts';
import type { OpenDatabase } from '../store/run-store.ts';
import { openRunStore, type RunScope, type RunStore } from '../store/run-store.ts';
import type { RunSettings } from './run-settings.ts';
import { vdnsSelected } from './run-settings.ts';
import { newsInWords, syncSources } from './sources.ts';
import type { RunCounters, RunSummary, VdnResult } from './summary.ts';

/** Observes a run: a progress bar, metrics. */
export interface RunObserver {
  /** @param runId null in a dry run */
  started(vdnsTotal: number, runId: number | null): void;
  attempted(source: string, attempt: Attempt): void;
  concluded(result: VdnResult): void;
}

export interface RunOptions {
  /** Stops the run; its reason is an `Interruption`. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly observer: RunObserver;
  /** Made by the caller, which can then show the run's progress. */
  readonly counters: RunCounters;
}

/**
 * One run over the selected VDNs. It always ends within `maxDurationMs`.
 *
 * @throws FatalError where the run could not begin; then nothing was touched. Interruption where it was stopped before
 */
export async function runSync(
  database: OpenDatabase,
  settings: RunSettings,
  options: RunOptions,
): Promise<RunSummary> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const timeUp = setTimeout(() => stopping.abort(timeIsUp(settings)), settings.maxDurationMs);
  try {
    const store = await openRunStore(database, scopeOf(settings), signal, options.logger);
    try {
      return await runWith(store, settings, { ...options, signal }, (reason) => stopping.abort(reason));
    } finally {
      await store.close();
    }
  } finally {
    clearTimeout(timeUp);
  }
}

async function runWith(
  store: RunStore,
  settings: RunSettings,
  { signal, logger: parent, observer, counters }: RunOptions,
  stop: (reason: Error) => void,
): Promise<RunSummary> {
  const { runId, news } = store;
  const logger = parent.child(runId === null ? { dryRun: true } : { runId });
  const vdnsTotal = vdnsSelected(settings.selection);
  const unconfigured = [...news.values()].reduce((sum, source) => sum + source.unconfigured.length, 0);
  counters.begin({ runId, vdnsTotal, unconfigured });
  const sayStopping = () => logger.warn(stoppingMessage(signal));
  signal.addEventListener('abort', sayStopping, { once: true });

  let stopped: FatalError | Interruption | undefined;
  try {
    observer.started(vdnsTotal, runId);
    warnOfNews(settings, news, logger);
    const usedApprovals = new Set<string>();
    await syncSources(store, settings, usedApprovals, {
      signal,
      logger,
      stop: (reason) => stop(reasonToStop(reason, logger)),
      onAttempt: (source, attempt) => {
        counters.requests++;
        observer.attempted(source, attempt);
        logger.debug({ source, ...attempt }, 'request');
      },
      onResult: (result) => {
        counters.add(result);
        observer.concluded(result);
        logResult(logger, result);
      },
    });
    stopped = signal.aborted ? signal.reason : undefined;
    if (stopped === undefined)
      counters.unusedApprovals = warnOfUnusedApprovals(settings, usedApprovals, logger);
  } catch (error) {
    stopped = reasonToStop(error, logger);
  }
  const summary = await finish(store, counters, stopped, logger);
  signal.removeEventListener('abort', sayStopping);
  logRun(logger, summary);
  return summary;
}

/** Closes the run's row. A database error can only make the result worse. */
async function finish(
  store: RunStore,
  counters: RunCounters,
  stopped: FatalError | Interruption | undefined,
  logger: Logger,
): Promise<RunSummary> {
  const summary = counters.summary(stopped);
  try {
    const ended = await store.finish({ ...summary, status: statusOfRow(summary) });
    const { status, exitCode, error, durationMs } = ended;
    return { ...summary, status, exitCode, error, durationMs };
  } catch (error) {
    return counters.summary(reasonToStop(error, logger));
  }
}

/** A run that has begun is not refused any more. */
function statusOfRow({ status }: RunSummary) {
  return status === 'refused' ? 'failed' : status;
}

/** The error that ends a run. */
function reasonToStop(reason: unknown, logger: Logger): FatalError | Interruption {
  if (reason instanceof FatalError || reason instanceof Interruption) return reason;
  // A bug: its report needs to say where it happened.
  const error = new FatalError('unexpected', `unexpected error: ${String(reason)}`, { cause: reason });
  logger.error({ err: reason }, error.message);
  return error;
}

function scopeOf(settings: RunSettings): RunScope {
  const { selection, staleAfterMs, retentionMs, origin, dryRun, whole } = settings;
  return {
    sources: selection.map(({ source }) => ({
      name: source.name,
      server: new URL(source.baseUrl).host,
      locale: source.locale ?? null,
      vdnIds: source.vdns,
    })),
    vdnsTotal: vdnsSelected(selection),
    marksUnconfigured: whole,
    ...{ staleAfterMs, retentionMs, origin, dryRun },
  };
}

function timeIsUp({ maxDurationMs }: RunSettings): Interruption {
  return new Interruption(
    143,
    `the run took longer than run.maxDuration (${maxDurationMs / 1000} s) and was stopped. What was finished is kept.`,
  );
}

function stoppingMessage({ reason }: AbortSignal): string {
  return `stopping, as soon as what is being written is finished: ${reason instanceof Error ? reason.message : String(reason)}`;
}

/** Otherwise two configurations of one source would silently take each other's VDNs away. */
function warnOfNews({ selection }: RunSettings, news: RunStore['news'], logger: Logger): void {
  for (const { source } of selection) {
    const { unconfigured = [], before } = news.get(source.name) ?? {};
    const change = newsInWords(source, before);
    if (change !== undefined)
      logger.warn({ source: source.name }, `source ${source.name} has changed since its last run: ${change}`);
    if (unconfigured.length === 0) continue;
    logger.warn(
      { source: source.name, vdns: unconfigured.length },
      `${unconfigured.length} VDNs of source ${source.name} have left the configuration: ${vdnRanges(unconfigured)}. Their codes ` +
        'stay, and are not updated any more. If that is not meant, look for a second configuration with a source of this name.',
    );
  }
}

/** @returns how many matched nothing */
function warnOfUnusedApprovals(
  { approvals }: RunSettings,
  used: ReadonlySet<string>,
  logger: Logger,
): number {
  const unused = [...approvals].filter((settings) => !used.has(settings));
  for (const plan of unused) {
    logger.warn(
      { plan },
      `the approval of ${plan} matched nothing, so it had no effect: no list that was read has the difference that was held under it when the ` +
        'run began; `status` lists the plans that are held',
    );
  }
  return unused.length;
}

/** One line for each VDN that is not unchanged; those that are skipped have one for all of them already. */
function logResult(
  logger: Logger,
  { source, vdnId, outcome, codes, requests, durationMs, ...rest }: VdnResult,
): void {
  const { errorCode, plan, reason, message } = rest;
  const fields = { source, vdnId, outcome, errorCode, plan, reason, requests, durationMs };
  if (outcome === 'changed') logger.info({ ...fields, codes }, `VDN ${vdnId} changed`);
  else if (outcome === 'failed' || outcome === 'held')
    logger.warn(fields, `VDN ${vdnId} ${outcome}: ${message}`);
  else logger.debug(fields, `VDN ${vdnId} ${outcome}`);
}

function logRun(
  logger: Logger,
  { status, exitCode, error, vdns, codes, requests, durationMs }: RunSummary,
): void {
  const fields = { status, exitCode, errorCode: error?.code, vdns, codes, requests, durationMs };
  logger.info(fields, error === null ? `run ${status}` : `run ${status}: ${error.message}`);
}
