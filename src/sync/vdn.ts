import type { Logger } from 'pino';
import type { CompleteSnapshot, ConflictingDescriptions } from '../domain/complete-snapshot.ts';
import { countChanges, type Difference, diff, planOf, type StoredCode } from '../domain/diff.ts';
import { type GuardLimits, suspicion } from '../domain/guard.ts';
import { quote } from '../domain/quote.ts';
import { hasBlanksAround } from '../domain/result-code.ts';
import type { Attempt, IsalesClient } from '../isales/client.ts';
import { applyDifference } from '../store/apply.ts';
import type { OpenDatabase } from '../store/database.ts';
import { isConnectionLost } from '../store/database-error.ts';
import { isRecorded, recordHeld, type VdnWrite } from '../store/outcomes.ts';
import type { Reconnect } from '../store/reconnect.ts';
import type { RunLock } from '../store/run-lock.ts';
import type { RecordUnchanged } from '../store/unchanged.ts';
import type { VdnState } from '../store/vdn-states.ts';
import { readSnapshot } from './read-snapshot.ts';
import { noCodes, type VdnResult } from './summary.ts';

/** The run that writes; a dry run has none, and so cannot write. */
export interface WritingRun {
  readonly runId: number;
  readonly lock: RunLock;
}

/** The same, at work on one source. */
export interface WritingSourceRun extends WritingRun {
  readonly recordUnchanged: RecordUnchanged;
}

export interface VdnContext {
  readonly database: OpenDatabase;
  readonly source: string;
  readonly storedCodes: (vdnId: number) => Promise<StoredCode[]>;
  readonly pageSize: number;
  readonly conflictingDescriptions: ConflictingDescriptions;
  readonly client: IsalesClient;
  readonly guard: GuardLimits;
  /** Plans that a person has approved. */
  readonly approvals: ReadonlySet<string>;
  readonly run: WritingSourceRun | undefined;
  readonly signal: AbortSignal;
  readonly watch: Reconnect;
  readonly logger: Logger;
}

/** What is known of a VDN's work while it is going on, also where it ends in an error. */
export class Effort {
  requests = 0;
  readonly #startedAt = performance.now();

  get durationMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

/**
 * Brings one VDN up to date: read, prove, compare, confirm, guard, apply.
 *
 * @throws VdnError, a database's error, or the signal's reason; then nothing of the VDN was written
 */
export async function syncVdn(
  context: VdnContext,
  state: VdnState,
  effort: Effort,
  onAttempt: (attempt: Attempt) => void,
): Promise<VdnResult> {
  const { source, storedCodes, client, signal, watch } = context;
  const { vdnId } = state;
  const { snapshot, difference } = await readSnapshot({
    fetchPage: (pageNum, pageSize, { signal, ...ask }) =>
      client.fetchPage({ vdnId, pageNum, pageSize, ...ask }, signal, (attempt) => {
        effort.requests++;
        onAttempt(attempt);
      }),
    pageSize: context.pageSize,
    conflictingDescriptions: context.conflictingDescriptions,
    signal,
    compare: async (snapshot) => diff(await watch.retry(() => storedCodes(vdnId)), snapshot),
  });
  warnOfBlanks(context, vdnId, snapshot);
  const verdict = judge(context, difference);
  if (context.run) await write(context, context.run, state, effort, snapshot, difference, verdict);
  return {
    source,
    vdnId,
    outcome: verdict.outcome,
    codes: verdict.outcome === 'changed' ? countChanges(difference.changes) : noCodes,
    requests: effort.requests,
    durationMs: effort.durationMs,
    ...(verdict.plan === undefined ? {} : { plan: verdict.plan }),
    ...(verdict.outcome === 'held' ? { message: heldMessage(verdict.reason, verdict.plan) } : {}),
    ...(context.run ? {} : { changes: difference.changes }),
  };
}

type Verdict =
  | { readonly outcome: 'unchanged'; readonly plan?: undefined }
  | { readonly outcome: 'changed'; readonly plan?: string }
  | { readonly outcome: 'held'; readonly plan: string; readonly reason: string };

function judge({ source, guard, approvals }: VdnContext, difference: Difference): Verdict {
  if (difference.changes.length === 0) return { outcome: 'unchanged' };
  const reason = suspicion(difference, guard);
  if (reason === undefined && approvals.size === 0) return { outcome: 'changed' };
  const plan = planOf(source, difference);
  if (approvals.has(plan)) return { outcome: 'changed', plan };
  return reason === undefined ? { outcome: 'changed' } : { outcome: 'held', plan, reason };
}

async function write(
  { database: { db }, source, watch }: VdnContext,
  { runId, lock, recordUnchanged }: WritingSourceRun,
  state: VdnState,
  { requests, durationMs }: Effort,
  snapshot: CompleteSnapshot,
  difference: Difference,
  verdict: Verdict,
): Promise<void> {
  const write: VdnWrite = { source, vdnId: state.vdnId, state, runId, lock, requests, durationMs };
  const attempt = () =>
    lock.guarded(() => {
      switch (verdict.outcome) {
        case 'unchanged':
          return recordUnchanged(write, snapshot.codes.size);
        case 'held':
          return recordHeld(db, write, difference, verdict.reason);
        case 'changed':
          return applyDifference(db, write, snapshot, { difference, approvedPlan: verdict.plan });
      }
    });
  try {
    await attempt();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    await watch.whenWritable();
    // The connection may have broken while it committed; the database knows whether it did.
    if (await isRecorded(db, write)) return;
    // Many VDNs share the statement that says that they are unchanged, and shall not all fail with it.
    if (verdict.outcome !== 'unchanged') throw error;
    await attempt();
  }
}

function heldMessage(reason: string, plan: string): string {
  return `${reason}. Nothing was written; if it is right, run \`sync --approve ${plan}\`.`;
}

/** Kept as sent, but a report's join will hardly expect them. */
function warnOfBlanks({ logger, source }: VdnContext, vdnId: number, { codes }: CompleteSnapshot): void {
  for (const obsCode of codes.keys()) {
    if (!hasBlanksAround(obsCode)) continue;
    logger.warn({ source, vdnId }, `code ${quote(obsCode)} has blanks around it; it is stored as sent`);
  }
}
