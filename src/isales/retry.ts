import pRetry from 'p-retry';
import { RetriableError } from '../errors.ts';

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/**
 * Repeats what fails with a `RetriableError`, after waits that grow and vary.
 *
 * @param retries further attempts
 * @throws what the last attempt met; the signal's reason where it is aborted
 */
export function retried<T>(attempt: () => Promise<T>, retries: number, signal: AbortSignal): Promise<T> {
  return pRetry(attempt, {
    retries,
    minTimeout: firstBackoffMs,
    maxTimeout: longestBackoffMs,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => error instanceof RetriableError,
  });
}
