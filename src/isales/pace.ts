/** How a server that answers 429 is met; tests have it quicker. All in ms. */
export interface PaceDelays {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Between two requests after a 429. */
  readonly slowestGapMs: number;
}

export const paceDelays: PaceDelays = { firstPauseMs: 1_000, longestPauseMs: 60_000, slowestGapMs: 1_000 };

/** Good answers after which requests may go twice as fast. */
const answersForTwiceAsFast = 20;

/** From here on it is no wait between requests that slows them down, but that they go one at a time. */
const fastestWithGaps = 16;

export interface PaceLimits {
  readonly concurrency: number;
  /** No limit where undefined. */
  readonly requestsPerSecond?: number | undefined;
}

/**
 * How fast one server is asked: as configured, and slower where it says that this is too fast. A 429 pauses the server
 * for as long as its Retry-After asks, else each further one twice as long; then requests go one at a time, a second
 * apart, and twice as fast after every 20 answers. So a server's own limit is found without a setting.
 */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #delays: PaceDelays;
  readonly #configuredGapMs: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #lastPauseAt = Number.NEGATIVE_INFINITY;
  #lastStartAt = Number.NEGATIVE_INFINITY;
  #lastEndAt = Number.NEGATIVE_INFINITY;
  /** Times the slowest; undefined: as configured. */
  #speed: number | undefined;
  #goodAnswers = 0;
  #refusals = 0;

  constructor(limits: PaceLimits, delays: PaceDelays) {
    this.#limits = limits;
    this.#delays = delays;
    this.#configuredGapMs = limits.requestsPerSecond === undefined ? 0 : 1000 / limits.requestsPerSecond;
  }

  /** 429s in a row, each after the pause of the one before. */
  get refusals(): number {
    return this.#refusals;
  }

  get atOnce(): number {
    if (this.#speed === undefined) return this.#limits.concurrency;
    return Math.max(1, this.#speed / (2 * fastestWithGaps));
  }

  /** Before this no request may start. */
  get earliestStart(): number {
    const gap =
      this.#speed === undefined || this.#speed > fastestWithGaps
        ? 0
        : this.#delays.slowestGapMs / this.#speed;
    return Math.max(
      this.#pausedUntil,
      this.#lastStartAt + this.#configuredGapMs,
      // Counted from the last answer: what two requests are apart here they may not be on arrival.
      gap === 0 ? Number.NEGATIVE_INFINITY : this.#lastEndAt + gap,
    );
  }

  began(now: number): void {
    this.#lastStartAt = now;
  }

  ended(now: number): void {
    this.#lastEndAt = now;
  }

  /** Lets nothing start for so long; a longer pause under way stands. */
  pause(ms: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  /**
   * A request was answered 429.
   *
   * @param startedAt those that were under way together are one refusal
   * @param retryAfterMs what the server asks for; undefined or 0: nothing
   * @returns the pause that begins with it, or undefined where it began with another one already
   */
  refused(startedAt: number, now: number, retryAfterMs: number | undefined): number | undefined {
    this.#goodAnswers = 0;
    // With Retry-After too: such a server may take one request then, and not all that have waited for it.
    this.#speed = 1;
    if (startedAt < this.#lastPauseAt) {
      if (retryAfterMs) this.pause(retryAfterMs, now);
      return undefined;
    }
    const { firstPauseMs, longestPauseMs } = this.#delays;
    const pauseMs = retryAfterMs || Math.min(longestPauseMs, firstPauseMs * 2 ** this.#refusals);
    this.#refusals += 1;
    this.#lastPauseAt = now;
    this.pause(pauseMs, now);
    return pauseMs;
  }

  /** A request was answered, and not by a 429. */
  answered(): void {
    this.#refusals = 0;
    if (this.#speed === undefined) return;
    this.#goodAnswers += 1;
    if (this.#goodAnswers < answersForTwiceAsFast) return;
    this.#goodAnswers = 0;
    this.#speed *= 2;
    if (this.atOnce >= this.#limits.concurrency && this.#speed > fastestWithGaps) this.#speed = undefined;
  }
}
