import { type Change, type ChangeCounts, changeKinds } from '../domain/diff.ts';
import { type VdnOutcome, vdnOutcomes } from '../domain/outcome.ts';
import { exitCodes, FatalError, Interruption, type VdnErrorCode } from '../errors.ts';
import type { RunResult } from '../store/run-store.ts';

/** What a VDN came to. */
export interface VdnResult {
  readonly source: string;
  readonly vdnId: number;
  readonly outcome: VdnOutcome;
  readonly codes: ChangeCounts;
  readonly requests: number;
  readonly durationMs: number;
  readonly errorCode?: VdnErrorCode;
  readonly message?: string;
  /** The plan that holds the VDN, or that was approved. */
  readonly plan?: string;
  /** Why it is held, one sentence with its figures. */
  readonly reason?: string;
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
  /** The VDNs that are neither unchanged nor fresh. */
  readonly outcomes: readonly SummaryOutcome[];
}

type SummaryOutcome = Omit<VdnResult, 'durationMs' | 'codes'> & { readonly codes?: ChangeCounts };

/** What is known once a run has begun. */
export interface BegunRun {
  readonly runId: number | null;
  readonly vdnsTotal: number;
  readonly unconfigured: number;
}

export const noCodes: ChangeCounts = { added: 0, changed: 0, removed: 0, returned: 0 };

/**
 * Counts what a run does, for the summary. The caller of a run makes them, so the progress is known after any end.
 * Keeps only what the summary lists, so that memory stays flat.
 */
export class RunCounters {
  /** Counted when they are sent: requests of an interrupted VDN are in no result. */
  requests = 0;
  /** Approvals that matched nothing. */
  unusedApprovals = 0;
  readonly #asked: Pick<RunSummary, 'shard' | 'dryRun'>;
  readonly #startedAt = performance.now();
  readonly #outcomes: SummaryOutcome[] = [];
  readonly #vdns = Object.fromEntries(vdnOutcomes.map((outcome) => [outcome, 0])) as Record<
    VdnOutcome,
    number
  >;
  readonly #codes: Record<keyof ChangeCounts, number> = { ...noCodes };
  #begun: BegunRun | undefined;

  constructor(asked: Pick<RunSummary, 'shard' | 'dryRun'>) {
    this.#asked = asked;
  }

  begin(run: BegunRun): void {
    this.#begun = run;
  }

  /** Whether the run has begun and is in the database. */
  get hasRow(): boolean {
    return typeof this.#begun?.runId === 'number';
  }

  add(result: VdnResult): void {
    const { durationMs: _, codes, ...outcome } = result;
    this.#vdns[result.outcome]++;
    for (const kind of changeKinds) this.#codes[kind] += codes[kind];
    if (result.outcome === 'unchanged' || result.outcome === 'fresh') return;
    this.#outcomes.push(result.outcome === 'changed' ? { ...outcome, codes } : outcome);
  }

  /**
   * The summary as it stands; VDNs that are not done count as skipped.
   *
   * @param stopped what ended the run before its end; where it had not begun, the run was refused
   */
  summary(stopped: FatalError | Interruption | undefined): RunSummary {
    const { runId = null, vdnsTotal = 0, unconfigured = 0 } = this.#begun ?? {};
    const done = vdnOutcomes.reduce((sum, outcome) => sum + this.#vdns[outcome], 0);
    const vdns = { ...this.#vdns, skipped: this.#vdns.skipped + Math.max(0, vdnsTotal - done) };
    return {
      runId,
      ...this.#end(stopped, vdns),
      ...this.#asked,
      vdns: { total: Math.max(vdnsTotal, done), ...vdns, unconfigured },
      codes: { ...this.#codes },
      requests: this.requests,
      durationMs: Math.round(performance.now() - this.#startedAt),
      // By source and VDN, not in the order in which they ended.
      outcomes: this.#outcomes.toSorted((a, b) =>
        a.source < b.source ? -1 : a.source > b.source ? 1 : a.vdnId - b.vdnId,
      ),
    };
  }

  #end(
    stopped: FatalError | Interruption | undefined,
    vdns: Readonly<Record<VdnOutcome, number>>,
  ): Pick<RunSummary, 'status' | 'exitCode' | 'error'> {
    if (stopped instanceof Interruption) {
      const error = { code: 'interrupted', message: stopped.message };
      return { status: 'interrupted', exitCode: stopped.exitCode, error };
    }
    if (stopped instanceof FatalError) {
      const error = { code: stopped.code, message: stopped.message };
      return { status: this.#begun ? 'failed' : 'refused', exitCode: stopped.exitCode, error };
    }
    const exitCode = exitCodeOf(vdns, this.unusedApprovals);
    return { status: statuses[exitCode], exitCode, error: null };
  }
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

function exitCodeOf(
  { unchanged, changed, failed, held, skipped, fresh }: Readonly<Record<VdnOutcome, number>>,
  unusedApprovals: number,
): Concluded {
  if (failed > 0 && unchanged + changed + held + fresh === 0) return exitCodes.allFailed;
  if (failed + skipped > 0) return exitCodes.someFailed;
  return held + unusedApprovals > 0 ? exitCodes.held : exitCodes.done;
}
