/** The times after a 429, in ms; tests use shorter ones. */
export interface PaceDelays {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Between two requests after a 429. */
  readonly slowestGapMs: number;
}

export const paceDelays: PaceDelays = { firstPauseMs: 1_000, longestPauseMs: 60_000, slowestGapMs: 1_000 };

/** Good answers after which requests may go twice as fast. */
const answersForTwiceAsFast = 20;

/** From this speed on there is no gap between requests; they only go one at a time. */
const fastestWithGaps = 16;

export interface PaceLimits {
  readonly concurrency: number;
  /** No limit where undefined. */
  readonly requestsPerSecond?: number | undefined;
}

/**
 * How fast requests go to one server: as configured, and slower after a 429. A 429 pauses the server for its
 * Retry-After, or else for twice as long as the one before; then requests go one at a time, a second apart, and twice
 * as fast after every 20 answers. So a server's own limit is found without a setting.
 */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #delays: PaceDelays;
  readonly #configuredGapMs: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #lastPauseAt = Number.NEGATIVE_INFINITY;
  #lastStartAt = Number.NEGATIVE_INFINITY;
  #lastEndAt = Number.NEGATIVE_INFINITY;
  /** As a multiple of the slowest speed; undefined: as configured. */
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
      // Counted from the last answer, since the gap between two requests may shrink on their way.
      gap === 0 ? Number.NEGATIVE_INFINITY : this.#lastEndAt + gap,
    );
  }

  began(now: number): void {
    this.#lastStartAt = now;
  }

  ended(now: number): void {
    this.#lastEndAt = now;
  }

  /** Nothing starts for this time; a longer pause under way stays. */
  pause(ms: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  /**
   * A request was answered 429.
   *
   * @param startedAt requests that were under way together count as one refusal
   * @param retryAfterMs the server's Retry-After; undefined or 0: none
   * @returns the pause that begins with it, or undefined where one had already begun
   */
  refused(startedAt: number, now: number, retryAfterMs: number | undefined): number | undefined {
    this.#goodAnswers = 0;
    // Also with Retry-After: the server may then accept one request, and not all that have waited.
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
