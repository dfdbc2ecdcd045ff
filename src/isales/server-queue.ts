import PQueue from 'p-queue';

/**
 * The one way to a server, for all sources that live on it: at most `concurrency` requests at once, at the
 * agreed rate, and none while the server has asked to be left alone. Retries pass through it like any request,
 * so that waiting for a retry holds no slot.
 */
export class ServerQueue {
  readonly concurrency: number;
  readonly #queue: PQueue;
  #resumeAt = 0;
  #resumeTimer: NodeJS.Timeout | undefined;

  /** @param requestsPerSecond no limit where undefined */
  constructor({
    concurrency,
    requestsPerSecond,
  }: { concurrency: number; requestsPerSecond?: number | undefined }) {
    this.concurrency = concurrency;
    // One request per interval: ten per second as `intervalCap: 10` would start all ten at once.
    const rate =
      requestsPerSecond === undefined ? {} : { interval: 1000 / requestsPerSecond, intervalCap: 1 };
    this.#queue = new PQueue({ concurrency, ...rate });
  }

  /** Runs `request` when its turn comes. Rejects with the signal's reason where it is aborted before. */
  run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#queue.add(request, { signal });
  }

  /** Starts no further request for so long; a longer pause already under way stands. */
  pause(ms: number): void {
    const resumeAt = Date.now() + ms;
    if (resumeAt <= this.#resumeAt) return;
    this.#resumeAt = resumeAt;
    this.#queue.pause();
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = setTimeout(() => this.#queue.start(), ms);
  }

  /** Lets go of the timer of a pause, so that the process can end. */
  close(): void {
    clearTimeout(this.#resumeTimer);
  }
}
