import { onTestFinished } from 'vitest';
import { RetriableError } from '../../../src/errors.ts';
import { ServerQueue } from '../../../src/isales/server-queue.ts';
import type { QueueLimits } from '../../../src/isales/server-state.ts';

const delays = {
  firstProbeMs: 20,
  longestProbeMs: 100,
  firstPauseMs: 20,
  longestPauseMs: 200,
  slowestGapMs: 20,
};

/** A queue with short waits, and what it says of them. */
export function queueOf(limits: Partial<QueueLimits>) {
  const notices: string[] = [];
  const queue = new ServerQueue(
    { concurrency: 4, outageMs: 60_000, ...limits },
    { delays, notify: (message) => notices.push(message) },
  );
  onTestFinished(() => queue.close());
  const run = <T>(request: (signal: AbortSignal) => Promise<T>, vdnId = 1, signal = forever) =>
    queue.run(request, { vdnId }, signal);
  return { queue, notices, run };
}

export const forever = new AbortController().signal;
export const gone = () => new RetriableError('network', 'the connection failed.');
export const tooMany = (retryAfterMs?: number) =>
  new RetriableError('rate-limited', '429.', { retryAfterMs });
export const vdns = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
