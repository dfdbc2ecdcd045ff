/** Takes so many requests a second and no more, evenly: one that comes sooner is refused and does not count. */
export class FlowControl {
  readonly #gapMs: number;
  #freeAt = Number.NEGATIVE_INFINITY;

  /** @param requestsPerSecond undefined: any number */
  constructor(requestsPerSecond: number | undefined) {
    this.#gapMs = requestsPerSecond === undefined ? 0 : 1000 / requestsPerSecond;
  }

  takes(now: number): boolean {
    if (now < this.#freeAt) return false;
    this.#freeAt = now + this.#gapMs;
    return true;
  }
}
