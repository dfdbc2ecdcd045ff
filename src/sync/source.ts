import { type GuardLimits, sourceSuspicion } from '../domain/guard.ts';
import { vdnRanges } from '../domain/text.ts';
import { VdnError, type VdnErrorCode } from '../errors.ts';
import type { VdnState } from '../store/run-store.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { noCodes, type VdnResult } from './summary.ts';
import { type Losses, type SourceContext, syncVdn, type VdnHooks, VdnWork } from './vdn.ts';

/**
 * More VDNs being read than requests at once, so that no slot waits for a comparison, and VDNs share statements. Not
 * many more, since each of them sends requests to a source that refuses.
 */
const vdnsBeingRead = (slots: number) => Math.max(slots + 2, slots * 2);

/** VDNs that have been read and wait to be recorded; no more, since their lists are in memory. */
const vdnsBeingRecorded = (slots: number) => 2 * vdnsBeingRead(slots);

export interface SourceRun extends SourceContext {
  /** Requests at once that the server allows. */
  readonly slots: number;
  readonly onResult: (result: VdnResult) => void;
  /** Ends the run, where it is not ending already; the error becomes the signal's reason. */
  readonly stop: (reason: unknown) => void;
}

/** A VDN that has lost codes by its first read. Of its list nothing is kept while it waits. */
interface WaitingVdn extends Losses {
  readonly state: VdnState;
  /** Starts its second read; resolves when the VDN is done. */
  readonly confirm: (sourceReason: string | undefined) => Promise<void>;
  readonly cancel: () => Promise<void>;
}

/** The VDN gets no second read: the source was given up, or the run stopped. */
class Cancelled extends Error {}

/**
 * Works through a source's VDNs, several at once. Those that lose codes wait until every other one has been read, and
 * are then read once more: a later moment, and their sum is known before the first of them is applied. One VDN's
 * failure never stops another, but a source that fails again and again is given up. The rest is reported as skipped.
 */
export async function syncSource(run: SourceRun, states: readonly VdnState[]): Promise<void> {
  const { signal, source, onResult } = run;
  const breaker = new CircuitBreaker();
  const losses = new SourceLosses();
  for (const { vdnId, fresh, codeCount } of states) {
    if (!fresh) continue;
    losses.verified(codeCount);
    onResult(notTried(source, vdnId, 'fresh'));
  }
  const goesOn = () => !breaker.open && !signal.aborted;
  const pending = inOrder(states);
  const notDone: VdnState[] = [];
  const waiting: WaitingVdn[] = [];
  const recording = new Set<Promise<void>>();

  const mayRead = async () => {
    while (recording.size >= vdnsBeingRecorded(run.slots)) await Promise.race(recording);
    return goesOn();
  };
  await inParallel(vdnsBeingRead(run.slots), pending, mayRead, async (state) => {
    const read = Promise.withResolvers<'read' | 'loses codes'>();
    const verdict = Promise.withResolvers<string | undefined>();
    const done = attempt(run, state, breaker, losses, {
      onRead: ({ changes }) => {
        if (!changes.some(({ kind }) => kind === 'removed')) read.resolve('read');
      },
      beforeConfirming: (lost) => {
        waiting.push({
          ...{ state, ...lost },
          confirm: (sourceReason) => {
            verdict.resolve(sourceReason);
            return finished;
          },
          cancel: () => {
            verdict.reject(new Cancelled());
            return finished;
          },
        });
        read.resolve('loses codes');
        return verdict.promise;
      },
    });
    const finished = done.then((outcome) => {
      if (outcome === 'not done') notDone.push(state);
    });
    const reached = await Promise.race([finished, read.promise]);
    if (reached !== 'read') return;
    recording.add(finished);
    void finished.finally(() => recording.delete(finished));
  });
  // What they are verified with is part of the source's sum.
  await Promise.all(recording);
  const sourceReason = losses.suspicion(source, waiting, run.guard);
  await inParallel(vdnsBeingRead(run.slots), waiting, goesOn, ({ confirm }) => confirm(sourceReason));

  await Promise.all(waiting.map(({ cancel }) => cancel()));
  await skip(run, [...pending, ...notDone], breaker);
}

/** What a source's VDNs have and lose in all, as far as the run has read it. */
class SourceLosses {
  #active = 0;

  verified(activeCodes: number): void {
    this.#active += activeCodes;
  }

  /** Why all losses together are suspicious, or undefined. Approved ones do not count. */
  suspicion(source: string, waiting: readonly Losses[], limits: GuardLimits): string | undefined {
    const counting = waiting.filter(({ approved }) => !approved);
    const sum = (pick: (losses: Losses) => number, of: readonly Losses[]) =>
      of.reduce((total, losses) => total + pick(losses), 0);
    const reason = sourceSuspicion(
      {
        vdns: counting.length,
        removed: sum(({ removed }) => removed, counting),
        active: this.#active + sum(({ activeBefore }) => activeBefore, waiting),
      },
      limits.source,
    );
    return reason === undefined ? undefined : `source ${source}: ${reason}`;
  }
}

/** VDNs that failed last time come last, so that they keep no other from being read. */
function inOrder(states: readonly VdnState[]): VdnState[] {
  const toRead = states.filter(({ fresh }) => !fresh);
  const failed = toRead.filter(({ failedLastTime }) => failedLastTime);
  return [...toRead.filter(({ failedLastTime }) => !failedLastTime), ...failed];
}

/** Works through the list, several items at once, while `goesOn`; the rest stays in the list. */
async function inParallel<Item>(
  parallel: number,
  items: Item[],
  goesOn: () => boolean | Promise<boolean>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  async function worker(): Promise<void> {
    while (await goesOn()) {
      const item = items.shift();
      if (item === undefined) return;
      await work(item);
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
}

async function attempt(
  run: SourceRun,
  state: VdnState,
  breaker: CircuitBreaker,
  losses: SourceLosses,
  hooks: VdnHooks,
): Promise<'done' | 'not done'> {
  const work = new VdnWork();
  let activeBefore = 0;
  let waited = false;
  try {
    const result = await syncVdn(run, state, work, {
      onRead: (difference) => {
        activeBefore = difference.activeBefore;
        breaker.succeeded();
        hooks.onRead(difference);
      },
      beforeConfirming: (lost) => {
        waited = true;
        return hooks.beforeConfirming(lost);
      },
    });
    if (!waited && result.outcome !== 'held') losses.verified(activeBefore);
    run.onResult(result);
    return 'done';
  } catch (error) {
    if (error instanceof Cancelled) return 'not done';
    if (!(error instanceof VdnError)) {
      run.stop(error);
      return 'not done';
    }
    // At once: while the failure is recorded, other VDNs still send requests.
    breaker.failed(state.vdnId, error);
    // Another VDN's request found the server away for too long.
    if (error.code === 'source-unavailable') return 'not done';
    return recordFailure(run, state, work, error);
  }
}

async function recordFailure(
  run: SourceRun,
  state: VdnState,
  work: VdnWork,
  error: VdnError,
): Promise<'done' | 'not done'> {
  const { source, store, logger, onResult } = run;
  const { vdnId, lastVerifiedAt } = state;
  const { requests, durationMs } = work;
  try {
    await store.record({ source, vdnId, lastVerifiedAt, requests, durationMs, outcome: 'failed', error });
  } catch (notRecorded) {
    if (!(notRecorded instanceof VdnError)) {
      run.stop(notRecorded);
      return 'not done';
    }
    logger.warn(
      { source, vdnId },
      `the failure of VDN ${vdnId} could not be recorded: ${notRecorded.message}`,
    );
  }
  const { code: errorCode, message } = error;
  onResult({ source, vdnId, outcome: 'failed', codes: noCodes, requests, durationMs, errorCode, message });
  return 'done';
}

async function skip(run: SourceRun, states: readonly VdnState[], breaker: CircuitBreaker): Promise<void> {
  if (states.length === 0) return;
  const { store, source, signal, logger, onResult } = run;
  const vdnIds = states.map(({ vdnId }) => vdnId).sort((a, b) => a - b);
  const [errorCode, message]: [VdnErrorCode, string] = signal.aborted
    ? ['interrupted', 'the run was stopped before this VDN was done; nothing of it was written.']
    : ['source-unavailable', `not tried, since ${breaker.reason}`];
  try {
    await store.skip(source, vdnIds, errorCode, message);
  } catch (error) {
    if (!signal.aborted) run.stop(error);
    // What stopped the run may be the database itself; it must not be hidden by what follows from it.
    logger.warn({ source }, `the skipped VDNs could not be recorded: ${(error as Error).message}`);
  }
  // One line for all of them: thousands of equal lines would hide the cause.
  logger.warn(
    { source, outcome: 'skipped', errorCode, vdns: vdnIds.length },
    `VDN ${vdnRanges(vdnIds)} skipped: ${message}`,
  );
  for (const vdnId of vdnIds) onResult({ ...notTried(source, vdnId, 'skipped'), errorCode, message });
}

function notTried(source: string, vdnId: number, outcome: 'fresh' | 'skipped'): VdnResult {
  return { source, vdnId, outcome, codes: noCodes, requests: 0, durationMs: 0 };
}
