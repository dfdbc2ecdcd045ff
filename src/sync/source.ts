import { vdnRanges } from '../domain/vdn-ranges.ts';
import { DatabaseError, FatalError, Interruption, VdnError, type VdnErrorCode } from '../errors.ts';
import type { Attempt } from '../isales/client.ts';
import { describeDatabaseError, isPassing } from '../store/database-error.ts';
import { recordFailed } from '../store/outcomes.ts';
import { recordSkipped } from '../store/run-log.ts';
import type { VdnState } from '../store/vdn-states.ts';
import { noCodes, type VdnResult } from './summary.ts';
import { Effort, syncVdn, type VdnContext } from './vdn.ts';

/** VDNs in a row after which a source counts as down or refusing. */
const patience = 5;

/**
 * More VDNs under way than requests at once: a slot never waits for a VDN's database work, and VDNs that come there at
 * the same time share statements. Not many more, since a source that refuses is asked by each of them.
 */
const vdnsUnderWay = (slots: number) => Math.max(slots + 2, slots * 2);

/**
 * What says nothing about the source as a whole: the server answered, or the fault was on this side. All else, five
 * times in a row, means that hammering on would lock accounts or take a day.
 */
const sourceIsUp: ReadonlySet<VdnErrorCode> = new Set([
  'isales-error',
  'bad-row',
  'bad-response',
  'incomplete-snapshot',
  'stale-snapshot',
  'database',
]);

export interface SourceContext extends VdnContext {
  /** Requests at once that the server allows. */
  readonly slots: number;
  readonly onAttempt: (attempt: Attempt) => void;
  readonly onResult: (result: VdnResult) => void;
  /** Ends the run, where it is not ending already; the error becomes the signal's reason. */
  readonly stop: (reason: unknown) => void;
}

/**
 * Works through a source's VDNs, several at once. One VDN's failure never stops another, but a source that
 * fails again and again is left alone. What was not done when the run was stopped is reported as skipped.
 */
export async function syncSource(context: SourceContext, states: readonly VdnState[]): Promise<void> {
  const { signal, source, onResult } = context;
  for (const { vdnId } of states.filter(({ fresh }) => fresh)) onResult(untried(source, vdnId, 'fresh'));

  const waiting = states.filter(({ fresh }) => !fresh);
  let failuresInARow = 0;
  let givenUp = false;
  let lastFailure: VdnResult | undefined;

  async function worker(): Promise<void> {
    while (!givenUp && !signal.aborted) {
      const state = waiting.shift();
      if (state === undefined) return;
      let result: VdnResult;
      try {
        result = await attemptVdn(context, state);
      } catch (error) {
        waiting.unshift(state);
        context.stop(error);
        return;
      }
      failuresInARow = countsAgainstSource(result) ? failuresInARow + 1 : 0;
      if (failuresInARow > 0) lastFailure = result;
      // For good: one that was still under way and succeeds does not bring the source back.
      givenUp ||= failuresInARow === patience;
      onResult(result);
    }
  }
  const workers = Math.min(vdnsUnderWay(context.slots), waiting.length);
  await Promise.all(Array.from({ length: workers }, worker));

  if (waiting.length === 0) return;
  const skipped: { code: VdnErrorCode; message: string } = signal.aborted
    ? { code: 'interrupted', message: interruptedMessage }
    : { code: 'source-unavailable', message: unavailableMessage(lastFailure) };
  await skip(context, waiting, skipped.code, skipped.message);
}

async function attemptVdn(context: SourceContext, state: VdnState): Promise<VdnResult> {
  const { watch, onAttempt } = context;
  const effort = new Effort();
  try {
    return await syncVdn(context, state, effort, onAttempt);
  } catch (error) {
    const failure = failureOf(error);
    if (isPassing(error)) await watch.whenWritable();
    return recordFailure(context, state, effort, failure);
  }
}

/** What a VDN failed with; what is not a VDN's failure ends the run. */
function failureOf(error: unknown): VdnError {
  if (error instanceof VdnError) return error;
  if (error instanceof FatalError || error instanceof Interruption) throw error;
  if (error instanceof DatabaseError) {
    return new VdnError(
      'database',
      `the database did not take it: ${describeDatabaseError(error)}. Nothing of this VDN was written; the next run ` +
        'tries it again.',
      { cause: error },
    );
  }
  throw error;
}

async function recordFailure(
  { run, source, database, watch }: SourceContext,
  state: VdnState,
  effort: Effort,
  error: VdnError,
): Promise<VdnResult> {
  const { vdnId } = state;
  if (run) {
    const { requests, durationMs } = effort;
    const write = { source, vdnId, state, requests, durationMs, ...run };
    await watch.retry(() => run.lock.guarded(() => recordFailed(database.db, write, error)));
  }
  return { ...untried(source, vdnId, 'failed', effort), errorCode: error.code, message: error.message };
}

async function skip(
  { run, source, database, watch, signal, logger, onResult }: SourceContext,
  states: readonly VdnState[],
  errorCode: VdnErrorCode,
  message: string,
): Promise<void> {
  const vdnIds = states.map(({ vdnId }) => vdnId);
  if (run) {
    try {
      await watch.retry(() => recordSkipped(database.db, run.runId, source, vdnIds, errorCode, message));
    } catch (error) {
      if (!signal.aborted) throw error;
      // What stopped the run may be the database itself; it must not be hidden by what follows from it.
      logger.warn(
        { source },
        `the skipped VDNs could not be noted in the run's log: ${describeDatabaseError(error)}`,
      );
    }
  }
  // One line for all of them: thousands that say the same would bury what is wrong with the source.
  logger.warn(
    { source, outcome: 'skipped', errorCode, vdns: vdnIds.length },
    `VDN ${vdnRanges(vdnIds)} skipped: ${message}`,
  );
  for (const vdnId of vdnIds) onResult({ ...untried(source, vdnId, 'skipped'), errorCode, message });
}

function countsAgainstSource({ outcome, errorCode }: VdnResult): boolean {
  return outcome === 'failed' && errorCode !== undefined && !sourceIsUp.has(errorCode);
}

function untried(
  source: string,
  vdnId: number,
  outcome: 'fresh' | 'skipped' | 'failed',
  effort?: Effort,
): VdnResult {
  const { requests = 0, durationMs = 0 } = effort ?? {};
  return { source, vdnId, outcome, codes: noCodes, requests, durationMs };
}

const interruptedMessage = 'the run was stopped before this VDN was done; nothing of it was written.';

function unavailableMessage(last: VdnResult | undefined): string {
  return (
    `not tried, since ${patience} VDNs in a row of this source failed; the last one, ${last?.vdnId}, with ${last?.errorCode}: ` +
    `${last?.message}`
  );
}
