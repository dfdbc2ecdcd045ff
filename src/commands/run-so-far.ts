import type { Interruption } from '../errors.ts';
import type { RunObserver, RunPlan } from '../sync/run.ts';
import { type RunSummary, Tally } from '../sync/summary.ts';

/** Looks on at a run, to tell how far it had come where it is ended by force. */
export class RunSoFar {
  readonly #tally = new Tally();
  readonly #startedAt = performance.now();
  #plan: RunPlan | undefined;
  #runId: number | null = null;
  #vdnsTotal = 0;

  /** Passes on what it sees. */
  observing(plan: RunPlan, observer: RunObserver): RunObserver {
    this.#plan = plan;
    return {
      started: (vdnsTotal, runId) => {
        this.#vdnsTotal = vdnsTotal;
        this.#runId = runId;
        observer.started(vdnsTotal, runId);
      },
      attempted: (source, attempt) => {
        this.#tally.requests++;
        observer.attempted(source, attempt);
      },
      concluded: (result) => {
        this.#tally.add(result);
        observer.concluded(result);
      },
    };
  }

  /** The summary as it stands; VDNs that were not concluded count as skipped. */
  summary({ exitCode, message }: Interruption): RunSummary {
    const { vdns, codes, requests, outcomes } = this.#tally;
    const total = this.#vdnsTotal;
    return {
      runId: this.#runId,
      status: 'interrupted',
      exitCode,
      error: { code: 'interrupted', message },
      shard: this.#plan?.origin.shard ?? null,
      dryRun: this.#plan?.dryRun ?? false,
      vdns: { ...vdns, total, skipped: vdns.skipped + total - vdns.total },
      codes,
      requests,
      durationMs: Math.round(performance.now() - this.#startedAt),
      outcomes,
    };
  }
}
