import type { Logger } from 'pino';
import { FatalError, Interruption } from '../errors.ts';
import { type Attempt, createClient } from '../isales/client.ts';
import { ServerQueue } from '../isales/server-queue.ts';
import type { OpenDatabase } from '../store/database.ts';
import { contactError } from '../store/database-error.ts';
import { gather } from '../store/gather.ts';
import { Reconnect } from '../store/reconnect.ts';
import { storedCodesOfEach } from '../store/stored-codes.ts';
import { unchangedRecorder } from '../store/unchanged.ts';
import { loadVdnStates, type VdnState } from '../store/vdn-states.ts';
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
  const stop = (reason: unknown) => {
    const error = stopReason(reason, database);
    // A bug: whoever mends it needs to know where it happened.
    if (error instanceof FatalError && error.code === 'unexpected')
      logger.error({ err: error.cause }, error.message);
    stopping.abort(error);
  };
  signal.addEventListener(
    'abort',
    () => logger.warn(`stopping, as soon as what is being written is finished: ${signal.reason.message}`),
    { once: true },
  );
  const timeUp = setTimeout(() => stop(timeIsUp(plan)), plan.maxDurationMs);
  const watch = new Reconnect(database, signal, logger);
  const servers = byServer(plan.selection);

  async function workOn({ source, vdnIds }: SourceSelection, queue: ServerQueue): Promise<void> {
    const client = createClient(source, queue, (field) =>
      logger.info(
        { source: source.name },
        `${source.name} sends a field that its documents do not have: ${field}`,
      ),
    );
    const context = {
      ...{
        database,
        source: source.name,
        pageSize: source.pageSize,
        client,
        conflictingDescriptions: source.conflictingDescriptions,
        slots: queue.concurrency,
      },
      ...{ guard: plan.guard, approvals: plan.approvals, signal, stop, watch, logger },
      storedCodes: gather((ids: readonly number[]) => storedCodesOfEach(database.db, source.name, ids)),
      run: run && {
        ...run,
        recordUnchanged: unchangedRecorder(database.db, { source: source.name, ...run }),
      },
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
      await syncSource(context, await states(source.name, vdnIds));
    } finally {
      client.close();
    }
  }

  /** Where they cannot be had the run ends, and the VDNs are told of as skipped. */
  async function states(source: string, vdnIds: readonly number[]): Promise<VdnState[]> {
    try {
      return await loadVdnStates(database.db, source, vdnIds, plan.maxAgeMs);
    } catch (error) {
      stop(error);
      return vdnIds.map((vdnId) => ({ vdnId, lastVerifiedAt: null, fresh: false }));
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

/** Sources on one server share a queue; their limits are the same already. */
function byServer(selection: readonly SourceSelection[]) {
  const groups = Map.groupBy(selection, ({ source }) => serverOf(source.baseUrl));
  return [...groups.values()].flatMap((selections) => {
    const [first] = selections;
    return first === undefined ? [] : [{ queue: new ServerQueue(first.source), selections }];
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
