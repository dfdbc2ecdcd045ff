import { RetriableError, VdnError } from '../errors.ts';
import { isOfAnOutage, Outage, type OutageDelays, outageDelays } from './outage.ts';
import { Pace, type PaceDelays, type PaceLimits, paceDelays } from './pace.ts';
import { outageBegins, outageEnds, pauseBegins } from './queue-notices.ts';

export interface QueueLimits extends PaceLimits {
  /** How long in all the server may be away, in ms. */
  readonly outageMs: number;
}

export interface QueueOptions {
  /** Called with a message when requests have to wait: an outage, its end, a pause after a 429. */
  readonly notify: (message: string) => void;
  readonly delays: OutageDelays & PaceDelays;
}

export const usualDelays: QueueOptions['delays'] = { ...outageDelays, ...paceDelays };

interface Sent {
  readonly vdnId: number;
  readonly startedAt: number;
  /** Sent during an outage, to see whether the server is back. */
  readonly isProbe: boolean;
}

/** What the requests to one server show: whether it is away, and how fast requests may go. */
export class ServerState {
  readonly #pace: Pace;
  readonly #outage: Outage;
  readonly #notify: (message: string) => void;
  readonly #concurrency: number;

  constructor(limits: QueueLimits, { notify, delays }: QueueOptions) {
    this.#pace = new Pace(limits, delays);
    this.#outage = new Outage(limits.outageMs, delays);
    this.#notify = notify;
    this.#concurrency = limits.concurrency;
  }

  get isAway(): boolean {
    return this.#outage.current !== undefined;
  }

  /** The error of the last request; undefined where the server is not away. */
  get lastFailure(): VdnError | undefined {
    return this.#outage.current?.error;
  }

  /** When it has been away for as long as a run waits; never where it is not away. */
  get givesUpAt(): number {
    return this.#outage.givesUpAt;
  }

  /**
   * The server has been away for as long as a run waits.
   *
   * @returns which VDNs are given up; undefined: all, the server itself
   */
  givesUpVdns(now: number): ((vdnId: number) => boolean) | undefined {
    if (!this.#outage.isOfFewVdns) return undefined;
    this.#outage.exhausted(now);
    return (vdnId) => this.#outage.isFailing(vdnId);
  }

  /** 429s in a row, each after a pause of its own. */
  get refusals(): number {
    return this.#pace.refusals;
  }

  /** Requests at once. Those under way when an outage begins do not block the probe. */
  get atOnce(): number {
    return this.isAway ? this.#concurrency : this.#pace.atOnce;
  }

  /** Before this no request may start. */
  get startsAt(): number {
    return Math.max(this.#pace.earliestStart, this.#outage.current?.nextProbeAt ?? Number.NEGATIVE_INFINITY);
  }

  began(now: number): void {
    this.#pace.began(now);
  }

  /**
   * @param error undefined where the request succeeded
   * @returns whether the request is to be sent again, since the server is away
   */
  ended(sent: Sent, error: unknown, now: number): boolean {
    this.#pace.ended(now);
    if (isOfAnOutage(error)) return this.#unanswered(sent, error, now);
    // A request that was aborted, or that never reached the server, says nothing.
    if (error !== undefined && (!(error instanceof VdnError) || error.code === 'tls')) return false;
    const lastedMs = this.#outage.answered(now);
    if (lastedMs !== undefined) this.#notify(outageEnds(lastedMs));
    if (error instanceof RetriableError && error.code === 'rate-limited') this.#refused(sent, error, now);
    else this.#pace.answered();
    return false;
  }

  #unanswered(sent: Sent, error: RetriableError, now: number): boolean {
    if (error.retryAfterMs !== undefined) this.#pace.pause(error.retryAfterMs, now);
    const wasAway = this.isAway;
    const isAway = this.#outage.failed(error, sent, now);
    if (isAway && !wasAway) this.#notify(outageBegins(error, this.givesUpAt - now));
    return isAway;
  }

  #refused({ startedAt }: Sent, { retryAfterMs }: RetriableError, now: number): void {
    const pauseMs = this.#pace.refused(startedAt, now, retryAfterMs);
    if (pauseMs !== undefined) this.#notify(pauseBegins(pauseMs, this.refusals));
  }
}
