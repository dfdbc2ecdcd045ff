import { RetriableError, type VdnError } from '../errors.ts';

/** How an outage is lived through; tests have it quicker. */
export interface OutageDelays {
  readonly firstProbeMs: number;
  readonly longestProbeMs: number;
}

export const outageDelays: OutageDelays = { firstProbeMs: 1_000, longestProbeMs: 15_000 };

/** Failures in a row after which a server is away: a single one may be a request's own. */
const failuresOfAnOutage = 2;

/** Fewer VDNs than these, and the fault may be theirs alone; as many in a row are a source's. */
const vdnsOfAnOutage = 5;

/** Statuses by which a balancer or gateway says that there is no server behind it. */
const awayStatuses: ReadonlySet<number | undefined> = new Set([502, 503, 504]);

/** Whether a failure is of the kind that a server which is away causes. */
export function isOfAnOutage(error: unknown): error is RetriableError {
  if (!(error instanceof RetriableError)) return false;
  return error.code === 'network' || error.code === 'timeout' || awayStatuses.has(error.status);
}

/** Whether one server is away, by what became of its requests, and when it is to be asked again. All times in ms. */
export class Outage {
  readonly #delays: OutageDelays;
  /** What is left of the time that a run waits for the server. */
  #budgetMs: number;
  #failures = 0;
  #lastAnswerAt = Number.NEGATIVE_INFINITY;
  /** VDNs whose requests failed so since the last answer. */
  readonly #failing = new Set<number>();
  /** No answer has come since the time was over that may be waited for. */
  #isExhausted = false;
  #current: { readonly since: number; probes: number; nextProbeAt: number; error: VdnError } | undefined;

  constructor(budgetMs: number, delays: OutageDelays) {
    this.#budgetMs = budgetMs;
    this.#delays = delays;
  }

  /** Of an outage: when it began, the instant of the next probe, what the last request met. */
  get current():
    | { readonly since: number; readonly nextProbeAt: number; readonly error: VdnError }
    | undefined {
    return this.#current;
  }

  /** When the time that may be waited for is over; never where there is no outage. */
  get givesUpAt(): number {
    return (this.#current?.since ?? Number.POSITIVE_INFINITY) + this.#budgetMs;
  }

  /**
   * Where few VDNs got no answer and others had got one in this run, they may be at fault and not the server: they
   * alone are given up.
   */
  get isOfFewVdns(): boolean {
    return this.#lastAnswerAt > Number.NEGATIVE_INFINITY && this.#failing.size < vdnsOfAnOutage;
  }

  isFailing(vdnId: number): boolean {
    return this.#failing.has(vdnId);
  }

  /**
   * A request failed in a way that an outage has. Where others were answered since it was sent, it says nothing about
   * the server.
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
   * @returns how long the outage was that ends with it, or undefined where there was none
   */
  answered(now: number): number | undefined {
    this.#lastAnswerAt = now;
    this.#failing.clear();
    this.#isExhausted = false;
    return this.#end(now);
  }

  /** The time that may be waited for is over, and the server is given another chance. */
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
