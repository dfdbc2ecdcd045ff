import type { Logger } from 'pino';
import type { ConflictingDescriptions } from '../domain/complete-snapshot.ts';
import { countChanges, type Difference, planOf } from '../domain/diff.ts';
import { type GuardLimits, suspicion } from '../domain/guard.ts';
import { quote } from '../domain/quote.ts';
import { hasBlanksAround, type ResultCode } from '../domain/result-code.ts';
import type { Attempt, IsalesClient } from '../isales/client.ts';
import type { RunStore, VdnState } from '../store/run-store.ts';
import type { Approvals } from './approvals.ts';
import type { ListRoom } from './list-room.ts';
import { readSnapshot } from './read-snapshot.ts';
import { noCodes, type VdnResult } from './summary.ts';

/** What all VDNs of a source share. */
export interface SourceContext {
  readonly source: string;
  readonly pageSize: number;
  readonly conflictingDescriptions: ConflictingDescriptions;
  readonly client: IsalesClient;
  readonly store: RunStore;
  readonly room: ListRoom;
  readonly guard: GuardLimits;
  readonly approvals: Approvals;
  /** What is different about the source since its last run, in words; part of each reason. */
  readonly sourceChange: string | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onAttempt: (attempt: Attempt) => void;
}

/** What a list seems to lose, before another read has confirmed it. */
export interface Losses {
  readonly removed: number;
  readonly activeBefore: number;
  /** A person has approved exactly this. */
  readonly approved: boolean;
}

/** Events of the work on one VDN. */
export interface VdnHooks {
  /** A list was read whole. */
  readonly onRead: (difference: Difference) => void;
  /**
   * Resolves when the list may be read once more.
   *
   * @returns why losses are suspicious in the whole source, or undefined where they are not
   */
  readonly beforeConfirming: (losses: Losses) => Promise<string | undefined>;
}

/** How long the work on a VDN took, also where it ends in an error. Waiting for other VDNs does not count. */
export class VdnWork {
  requests = 0;
  #workedMs = 0;
  #since = performance.now();

  get durationMs(): number {
    return Math.round(this.#workedMs + performance.now() - this.#since);
  }

  async waiting<T>(wait: Promise<T>): Promise<T> {
    this.#workedMs += performance.now() - this.#since;
    try {
      return await wait;
    } finally {
      this.#since = performance.now();
    }
  }
}

/**
 * Brings one VDN up to date: read, prove, compare, confirm, guard, record.
 *
 * @throws VdnError, FatalError, the signal's reason, or what `beforeConfirming` throws; then nothing of the VDN was written
 */
export async function syncVdn(
  context: SourceContext,
  state: VdnState,
  work: VdnWork,
  hooks: VdnHooks,
): Promise<VdnResult> {
  const { source, store, signal, room } = context;
  const { vdnId } = state;
  const share = room.share();
  let sourceReason: string | undefined;
  let approved = false;
  try {
    const { snapshot, difference } = await readSnapshot({
      fetchPage: async (pageNum, pageSize, { signal, behind = false }) => {
        const ask = { vdnId, pageNum, pageSize, ...(behind ? { behind } : {}) };
        const page = await context.client.fetchPage(ask, signal, (attempt) => {
          work.requests++;
          context.onAttempt(attempt);
        });
        if (!behind) await share.take(page, pageNum, signal);
        return page;
      },
      pageSize: context.pageSize,
      signal,
      conflictingDescriptions: context.conflictingDescriptions,
      compare: async (list) => {
        const difference = await store.compare(source, vdnId, list);
        hooks.onRead(difference);
        if (state.held) approved = (await context.approvals.planFor(state, difference)) !== undefined;
        return difference;
      },
      beforeConfirming: async (losses) => {
        share.release();
        sourceReason = await work.waiting(hooks.beforeConfirming({ ...losses, approved }));
      },
    });
    warnOfBlanks(context, vdnId, snapshot.codes);
    const verdict = await judge(context, state, difference, sourceReason);
    const { lastVerifiedAt } = state;
    const { requests, durationMs } = work;
    const record = {
      source,
      vdnId,
      lastVerifiedAt,
      requests,
      durationMs,
      codeCount: snapshot.codes.size,
      difference,
    };
    await store.record({ ...record, ...verdict });
    return {
      ...{ source, vdnId, outcome: verdict.outcome, requests, durationMs: work.durationMs },
      codes: verdict.outcome === 'changed' ? countChanges(difference.changes) : noCodes,
      ...heldOrApproved(verdict, context, state),
      ...(store.runId === null ? { changes: difference.changes } : {}),
    };
  } finally {
    share.release();
  }
}

type Verdict =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'changed'; readonly approvedPlan: string | undefined }
  | { readonly outcome: 'held'; readonly plan: string; readonly reason: string };

async function judge(
  { source, guard, approvals, sourceChange }: SourceContext,
  state: VdnState,
  difference: Difference,
  sourceReason: string | undefined,
): Promise<Verdict> {
  if (difference.changes.length === 0) return { outcome: 'unchanged' };
  const losesCodes = difference.changes.some(({ kind }) => kind === 'removed');
  const suspicious = suspicion(difference, guard) ?? (losesCodes ? sourceReason : undefined);
  if (suspicious === undefined) return { outcome: 'changed', approvedPlan: undefined };
  const approvedPlan = await approvals.planFor(state, difference);
  if (approvedPlan !== undefined) return { outcome: 'changed', approvedPlan };
  const plan = planOf(source, difference);
  // A change that was held before keeps its first reason, which is in its row.
  if (state.held?.plan === plan) return { outcome: 'held', plan, reason: state.held.reason };
  const reason = sourceChange === undefined ? suspicious : `${suspicious}; ${sourceChange}`;
  return { outcome: 'held', plan, reason };
}

function heldOrApproved(
  verdict: Verdict,
  { store }: SourceContext,
  { held }: VdnState,
): Pick<VdnResult, 'plan' | 'reason' | 'message'> {
  if (verdict.outcome === 'held') {
    const { plan, reason } = verdict;
    // What only a dry run has seen cannot be approved yet.
    const first = store.runId === null && held?.plan !== plan ? '`sync`, which holds it, and then ' : '';
    const message = `${reason}. Nothing was written; if it is right, run ${first}\`sync --approve ${plan}\`.`;
    return { plan, reason, message };
  }
  return verdict.outcome === 'changed' && verdict.approvedPlan !== undefined
    ? { plan: verdict.approvedPlan }
    : {};
}

/** Stored as sent, but the join of a report will probably miss them. */
function warnOfBlanks(
  { logger, source }: SourceContext,
  vdnId: number,
  codes: ReadonlyMap<string, ResultCode>,
): void {
  for (const obsCode of codes.keys()) {
    if (!hasBlanksAround(obsCode)) continue;
    logger.warn({ source, vdnId }, `code ${quote(obsCode)} has blanks around it; it is stored as sent`);
  }
}
