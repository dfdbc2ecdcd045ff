import { RetriableError, type VdnError } from '../errors.ts';

/** The times of an outage; tests use shorter ones. */
export interface OutageDelays {
  readonly firstProbeMs: number;
  readonly longestProbeMs: number;
}

export const outageDelays: OutageDelays = { firstProbeMs: 1_000, longestProbeMs: 15_000 };

/** Failures in a row after which a server counts as away: a single one may concern one request. */
const failuresOfAnOutage = 2;

/** With fewer VDNs than this, the fault may be theirs alone. */
const vdnsOfAnOutage = 5;

/** Statuses by which a balancer or gateway says that there is no server behind it. */
const awayStatuses: ReadonlySet<number | undefined> = new Set([502, 503, 504]);

/** Whether a server that is away causes this kind of failure. */
export function isOfAnOutage(error: unknown): error is RetriableError {
  if (!(error instanceof RetriableError)) return false;
  return error.code === 'network' || error.code === 'timeout' || awayStatuses.has(error.status);
}

/** Whether one server is away, judged by its requests, and when to probe it next. All times in ms. */
export class Outage {
  readonly #delays: OutageDelays;
  /** The rest of the time that a run waits for the server. */
  #budgetMs: number;
  #failures = 0;
  #lastAnswerAt = Number.NEGATIVE_INFINITY;
  /** VDNs whose requests failed in this way since the last answer. */
  readonly #failing = new Set<number>();
  /** The waiting time is used up, and no answer has come since. */
  #isExhausted = false;
  #current: { readonly since: number; probes: number; nextProbeAt: number; error: VdnError } | undefined;

  constructor(budgetMs: number, delays: OutageDelays) {
    this.#budgetMs = budgetMs;
    this.#delays = delays;
  }

  /** The outage: when it began, when the next probe is due, the last error. */
  get current():
    | { readonly since: number; readonly nextProbeAt: number; readonly error: VdnError }
    | undefined {
    return this.#current;
  }

  /** When the waiting time ends; infinity where there is no outage. */
  get givesUpAt(): number {
    return (this.#current?.since ?? Number.POSITIVE_INFINITY) + this.#budgetMs;
  }

  /**
   * Few VDNs got no answer while others did in this run: the fault may be theirs and not the server's, so only they
   * are given up.
   */
  get isOfFewVdns(): boolean {
    return this.#lastAnswerAt > Number.NEGATIVE_INFINITY && this.#failing.size < vdnsOfAnOutage;
  }

  isFailing(vdnId: number): boolean {
    return this.#failing.has(vdnId);
  }

  /**
   * A request failed as in an outage. If others were answered since it was sent, it says nothing about the server.
   *
   * @returns whether the server is away
   */
  failed(
    error: VdnError,
    { vdnId, startedAt, isProbe }: { vdnId: number; startedAt: number; isProbe: boolean },
    now: number,
  ): boolean {
    if (startedAt < this.#lastAnswerAt) return this.#current !== undefined;
    this.#failing.add(vdnId);
    if (this.#current === undefined) {
      this.#failures += 1;
      if (this.#failures < failuresOfAnOutage && !this.#isExhausted) return false;
      this.#current = { since: now, probes: 0, nextProbeAt: now + this.#delays.firstProbeMs, error };
      return true;
    }
    this.#current.error = error;
    if (isProbe) {
      this.#current.probes += 1;
      const { firstProbeMs, longestProbeMs } = this.#delays;
      this.#current.nextProbeAt = now + Math.min(longestProbeMs, firstProbeMs * 2 ** this.#current.probes);
    }
    return true;
  }

  /**
   * A request was answered.
   *
   * @returns the length of the outage that ends with it, or undefined where there was none
   */
  answered(now: number): number | undefined {
    this.#lastAnswerAt = now;
    this.#failing.clear();
    this.#isExhausted = false;
    return this.#end(now);
  }

  /** The waiting time is used up, but the server is tried again. */
  exhausted(now: number): void {
    this.#isExhausted = true;
    this.#end(now);
  }

  #end(now: number): number | undefined {
    this.#failures = 0;
    if (this.#current === undefined) return undefined;
    const lasted = now - this.#current.since;
    this.#budgetMs -= lasted;
    this.#current = undefined;
    return lasted;
  }
}
