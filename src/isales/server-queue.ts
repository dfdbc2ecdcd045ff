import { OutageError, type VdnError } from '../errors.ts';
import { givenUp, outageError, sourceUnavailable, vdnError } from './queue-notices.ts';
import { type QueueLimits, type QueueOptions, ServerState, usualDelays } from './server-state.ts';

export interface Turn {
  readonly vdnId: number;
  /** Before all others: a request that was answered 429 goes first, so that it does not use up its retries. */
  readonly first?: boolean;
}

interface Waiting extends Turn {
  readonly begin: (permit: Permit) => void;
  readonly refuse: (reason: unknown) => void;
}

/** The right to send one request. */
interface Permit {
  readonly vdnId: number;
  readonly startedAt: number;
  readonly isProbe: boolean;
  /** Aborts it when the waiting time is used up; only a probe needs that. */
  readonly stop: AbortController | undefined;
}

/**
 * The queue of all requests to one server, shared by all its sources. It limits requests at once and their rate, slows
 * down after a 429, and pauses while the server is away. Retries are queued like any request, so a waiting retry holds
 * no slot.
 */
export class ServerQueue {
  readonly concurrency: number;
  readonly #server: ServerState;
  readonly #outageMs: number;
  readonly #notify: (message: string) => void;
  readonly #waiting: Waiting[] = [];
  /** By VDN: the number of its last request, so that a probe is another VDN's. */
  readonly #lastAsked = new Map<number, number>();
  #underWay = 0;
  #sent = 0;
  #probe: Permit | undefined;
  #givenUp: OutageError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: QueueLimits, { notify = () => {}, delays = usualDelays }: Partial<QueueOptions> = {}) {
    this.concurrency = limits.concurrency;
    this.#server = new ServerState(limits, { notify, delays });
    this.#outageMs = limits.outageMs;
    this.#notify = notify;
  }

  /** 429s in a row, each after a pause of its own. */
  get refusals(): number {
    return this.#server.refusals;
  }

  /**
   * Sends a request when its turn comes, and again after an outage.
   *
   * @throws what the request threw
   * @throws OutageError where the server stayed away for too long, `source-unavailable` where another request found
   *   out
   * @throws the signal's reason where it is aborted
   */
  async run<T>(request: (signal: AbortSignal) => Promise<T>, turn: Turn, signal: AbortSignal): Promise<T> {
    for (;;) {
      const permit = await this.#turnOf(turn, signal);
      try {
        const answer = await request(permit.stop ? AbortSignal.any([signal, permit.stop.signal]) : signal);
        this.#end(permit, undefined);
        return answer;
      } catch (error) {
        const reason = this.#end(permit, error);
        if (reason !== undefined) throw reason;
      }
    }
  }

  /** Clears the timer, so that the process can end. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #turnOf(turn: Turn, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', abort);
        const place = this.#waiting.indexOf(waiting);
        if (place >= 0) this.#waiting.splice(place, 1);
      };
      const abort = () => waiting.refuse(signal.reason);
      const waiting: Waiting = {
        ...turn,
        begin: (permit) => {
          leave();
          resolve(permit);
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      if (turn.first) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
      this.#admit();
    });
  }

  /** Starts as many requests as allowed, and sets a timer for the next one. */
  #admit(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const { lastFailure } = this.#server;
    if (this.#givenUp === undefined && lastFailure !== undefined && now >= this.#server.givesUpAt) {
      const reason = this.#giveUp(lastFailure, now);
      if (this.#probe === undefined && this.#givenUp !== undefined) this.#lastProbed()?.refuse(reason);
      this.#probe?.stop?.abort(reason);
      this.#probe = undefined;
    }
    if (this.#givenUp !== undefined) {
      const reason = sourceUnavailable(this.#givenUp);
      for (const { refuse } of [...this.#waiting]) refuse(reason);
      return;
    }
    const { givesUpAt } = this.#server;
    let comeBackAt = givesUpAt;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { startsAt } = this.#server;
      if (startsAt > now) {
        comeBackAt = Math.min(startsAt, givesUpAt);
        break;
      }
      this.#begin(next, now);
    }
    if (comeBackAt < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#admit(), Math.ceil(comeBackAt - now));
  }

  /**
   * The next request, if one more may start; during an outage that of the VDN that has waited longest since its last
   * request.
   */
  #next(): Waiting | undefined {
    if (this.#underWay >= this.#server.atOnce) return undefined;
    if (!this.#server.isAway) return this.#waiting[0];
    if (this.#probe !== undefined) return undefined;
    return this.#waiting.toSorted((a, b) => this.#askedLast(a) - this.#askedLast(b))[0];
  }

  #askedLast({ vdnId }: Waiting): number {
    return this.#lastAsked.get(vdnId) ?? 0;
  }

  #begin(waiting: Waiting, now: number): void {
    const isProbe = this.#server.isAway;
    const permit: Permit = {
      vdnId: waiting.vdnId,
      startedAt: now,
      isProbe,
      stop: isProbe ? new AbortController() : undefined,
    };
    if (isProbe) this.#probe = permit;
    this.#underWay += 1;
    this.#sent += 1;
    this.#lastAsked.set(waiting.vdnId, this.#sent);
    this.#server.began(now);
    waiting.begin(permit);
  }

  /** @returns the error of the request; undefined where it is to be sent again after the outage */
  #end(permit: Permit, error: unknown): unknown {
    const now = performance.now();
    this.#underWay -= 1;
    if (this.#probe === permit) this.#probe = undefined;
    const again = permit.stop?.signal.aborted !== true && this.#server.ended(permit, error, now);
    const { lastFailure } = this.#server;
    const isOver = again && lastFailure !== undefined && now >= this.#server.givesUpAt;
    const reason = isOver ? this.#giveUp(lastFailure, now) : undefined;
    this.#admit();
    return again ? reason : error;
  }

  /**
   * The waiting time is used up: the probe fails with its own error, all others because the server is given up. Where
   * only few VDNs got no answer, their requests fail, and the others go on.
   *
   * @returns the error of the probe
   */
  #giveUp(last: VdnError, now: number): VdnError {
    const isGivenUp = this.#server.givesUpVdns(now);
    const reason =
      isGivenUp === undefined ? outageError(last, this.#outageMs) : vdnError(last, this.#outageMs);
    this.#notify(givenUp(reason));
    if (reason instanceof OutageError) this.#givenUp = reason;
    else for (const { refuse } of this.#waiting.filter(({ vdnId }) => isGivenUp?.(vdnId))) refuse(reason);
    return reason;
  }

  #lastProbed(): Waiting | undefined {
    return this.#waiting.toSorted((a, b) => this.#askedLast(b) - this.#askedLast(a))[0];
  }
}
