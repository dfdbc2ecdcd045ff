import { type Change, type ChangeCounts, changeKinds } from '../domain/diff.ts';
import { exitCodes, FatalError, Interruption, type VdnErrorCode } from '../errors.ts';
import type { RunResult, VdnCounts } from '../store/run-log.ts';

/** What a VDN came to. */
export interface VdnResult {
  readonly source: string;
  readonly vdnId: number;
  readonly outcome: Exclude<keyof VdnCounts, 'total'>;
  readonly codes: ChangeCounts;
  readonly requests: number;
  readonly durationMs: number;
  readonly errorCode?: VdnErrorCode;
  readonly message?: string;
  /** The plan that holds the VDN, or that was approved. */
  readonly plan?: string;
  /** The row-by-row difference; in a dry run only. */
  readonly changes?: readonly Change[];
}

/** The run as other programs see it; `sync --json` prints it. */
export interface RunSummary extends Omit<RunResult, 'status'> {
  /** Null where no run was recorded: a dry run, or one that was refused. */
  readonly runId: number | null;
  readonly status: RunResult['status'] | 'refused';
  readonly shard: string | null;
  readonly dryRun: boolean;
  readonly durationMs: number;
  /** The VDNs that are neither unchanged nor fresh. */
  readonly outcomes: readonly VdnOutcome[];
}

type VdnOutcome = Omit<VdnResult, 'durationMs' | 'codes'> & { readonly codes?: ChangeCounts };

export const noCodes: ChangeCounts = { added: 0, changed: 0, removed: 0, returned: 0 };

/** Gathers results as they come in; keeps only what the summary lists, so that memory stays flat. */
export class Tally {
  readonly #outcomes: VdnOutcome[] = [];
  /** Counted as they go out: those of a VDN that was interrupted belong to no result. */
  requests = 0;
  readonly #vdns = { unchanged: 0, changed: 0, failed: 0, held: 0, skipped: 0, fresh: 0 };
  readonly #codes: Record<keyof ChangeCounts, number> = { ...noCodes };

  add(result: VdnResult): void {
    const { durationMs: _, codes, ...outcome } = result;
    this.#vdns[result.outcome]++;
    for (const kind of changeKinds) this.#codes[kind] += codes[kind];
    if (result.outcome === 'unchanged' || result.outcome === 'fresh') return;
    this.#outcomes.push(result.outcome === 'changed' ? { ...outcome, codes } : outcome);
  }

  /** By source and VDN, not in the order in which they happened to end. */
  get outcomes(): VdnOutcome[] {
    return this.#outcomes.toSorted((a, b) =>
      a.source < b.source ? -1 : a.source > b.source ? 1 : a.vdnId - b.vdnId,
    );
  }

  get vdns(): VdnCounts {
    const total = Object.values(this.#vdns).reduce((sum, count) => sum + count, 0);
    return { total, ...this.#vdns };
  }

  get codes(): ChangeCounts {
    return { ...this.#codes };
  }
}

/**
 * How a run ended, from what its VDNs came to and what stopped it, if anything did.
 */
export function conclude(tally: Tally, stopped: Error | undefined): RunResult {
  const { vdns, codes, requests } = tally;
  const counted = { vdns, codes, requests };
  if (stopped instanceof Interruption) {
    const error = { code: 'interrupted', message: stopped.message };
    return { ...counted, status: 'interrupted', exitCode: stopped.exitCode, error };
  }
  if (stopped instanceof FatalError) {
    const error = { code: stopped.code, message: stopped.message };
    return { ...counted, status: 'failed', exitCode: stopped.exitCode, error };
  }
  const exitCode = exitCodeOf(vdns);
  return { ...counted, status: statuses[exitCode], exitCode, error: null };
}

type Concluded =
  | typeof exitCodes.done
  | typeof exitCodes.someFailed
  | typeof exitCodes.held
  | typeof exitCodes.allFailed;

const statuses: Record<Concluded, RunResult['status']> = {
  [exitCodes.done]: 'succeeded',
  [exitCodes.someFailed]: 'partial',
  [exitCodes.held]: 'partial',
  [exitCodes.allFailed]: 'failed',
};

function exitCodeOf({ unchanged, changed, failed, held, skipped }: VdnCounts): Concluded {
  if (failed > 0 && unchanged + changed + held === 0) return exitCodes.allFailed;
  if (failed + skipped > 0) return exitCodes.someFailed;
  return held > 0 ? exitCodes.held : exitCodes.done;
}

/** The summary of a run that did not come about. */
export function refusedSummary(error: FatalError, dryRun: boolean): RunSummary {
  return {
    runId: null,
    status: 'refused',
    exitCode: error.exitCode,
    error: { code: error.code, message: error.message },
    shard: null,
    dryRun,
    vdns: new Tally().vdns,
    codes: noCodes,
    requests: 0,
    durationMs: 0,
    outcomes: [],
  };
}
