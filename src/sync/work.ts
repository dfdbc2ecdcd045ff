import type { Logger } from 'pino';
import { FatalError, Interruption } from '../errors.ts';
import { type Attempt, createClient } from '../isales/client.ts';
import { ServerQueue } from '../isales/server-queue.ts';
import type { OpenDatabase } from '../store/database.ts';
import { contactError } from '../store/database-error.ts';
import { loadVdnStates } from '../store/vdn-states.ts';
import { DatabaseWatch } from './database-watch.ts';
import type { RunPlan, Surroundings } from './run.ts';
import { type SourceSelection, vdnsSelected } from './selection.ts';
import { serverOf } from './shard.ts';
import { syncSource } from './source.ts';
import type { Tally, VdnResult } from './summary.ts';
import type { WritingRun } from './vdn.ts';

/**
 * Works through all selected sources at the same time.
 *
 * @returns what stopped the run before its end, if anything did: an `Interruption` or a `FatalError`
 */
export async function workThrough(
  database: OpenDatabase,
  plan: RunPlan,
  run: WritingRun | undefined,
  tally: Tally,
  { signal: outside, logger, observer }: Surroundings,
): Promise<Error | undefined> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([outside, stopping.signal]);
  const stop = (reason: unknown) => stopping.abort(stopReason(reason, database));
  signal.addEventListener(
    'abort',
    () => logger.warn(`stopping, as soon as what is being written is finished: ${signal.reason.message}`),
    { once: true },
  );
  const timeUp = setTimeout(() => stop(timeIsUp(plan)), plan.maxDurationMs);
  const watch = new DatabaseWatch(database, signal, logger);
  const servers = byServer(plan.selection);

  async function workOn({ source, vdnIds }: SourceSelection, queue: ServerQueue): Promise<void> {
    const client = createClient(source, queue);
    const context = {
      ...{ database, source: source.name, pageSize: source.pageSize, client, slots: queue.concurrency },
      ...{ guard: plan.guard, approvals: plan.approvals, run, signal, stop, watch, logger },
      onAttempt: (attempt: Attempt) => {
        tally.requests++;
        observer.attempted(source.name, attempt);
        logger.debug({ source: source.name, ...attempt }, 'request');
      },
      onResult: (result: VdnResult) => {
        tally.add(result);
        observer.concluded(result);
        logResult(logger, result);
      },
    };
    try {
      await syncSource(context, await loadVdnStates(database.db, source.name, vdnIds, plan.maxAgeMs));
    } finally {
      client.close();
    }
  }

  observer.started(vdnsSelected(plan.selection), run?.runId ?? null);
  await Promise.all(
    servers.flatMap(({ queue, selections }) => selections.map((one) => workOn(one, queue).catch(stop))),
  );
  clearTimeout(timeUp);
  for (const { queue } of servers) queue.close();
  return signal.aborted ? signal.reason : undefined;
}

/** Sources on one server share a queue, and the smallest of their limits. */
function byServer(selection: readonly SourceSelection[]) {
  const groups = Map.groupBy(selection, ({ source }) => serverOf(source.baseUrl));
  return [...groups.values()].map((selections) => {
    const sources = selections.map(({ source }) => source);
    const rates = sources.flatMap(({ requestsPerSecond }) => requestsPerSecond ?? []);
    const queue = new ServerQueue({
      concurrency: Math.min(...sources.map(({ concurrency }) => concurrency)),
      requestsPerSecond: rates.length > 0 ? Math.min(...rates) : undefined,
    });
    return { queue, selections };
  });
}

function stopReason(reason: unknown, { where }: OpenDatabase): Error {
  const error = contactError(reason, where);
  if (error instanceof FatalError || error instanceof Interruption) return error;
  return new FatalError('unexpected', `unexpected error: ${String(reason)}`, { cause: reason });
}

function timeIsUp({ maxDurationMs }: RunPlan): Interruption {
  return new Interruption(
    143,
    `the run took longer than run.maxDuration (${maxDurationMs / 1000} s) and was stopped. What was finished is kept.`,
  );
}

/** One line for each VDN that is not unchanged; those that are skipped have one for all of them already. */
function logResult(
  logger: Logger,
  { source, vdnId, outcome, codes, requests, durationMs, ...rest }: VdnResult,
): void {
  const { errorCode, plan, message } = rest;
  const fields = { source, vdnId, outcome, errorCode, plan, requests, durationMs };
  if (outcome === 'changed') logger.info({ ...fields, codes }, `VDN ${vdnId} changed`);
  else if (outcome === 'failed' || outcome === 'held')
    logger.warn(fields, `VDN ${vdnId} ${outcome}: ${message}`);
  else logger.debug(fields, `VDN ${vdnId} ${outcome}`);
}
