import pRetry from 'p-retry';
import { RetriableError } from '../errors.ts';

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

export interface RetryOptions {
  /** Further attempts, at most. */
  readonly retries: number;
  readonly signal: AbortSignal;
  /** Whether this failure shall be the last all the same. */
  readonly isHopeless: (error: RetriableError) => boolean;
}

/**
 * Repeats what fails with a `RetriableError`, after waits that grow and vary.
 *
 * @param attempt is given what the attempt before it met
 * @throws what the last attempt met; the signal's reason where it is aborted
 */
export function retried<T>(
  attempt: (before: RetriableError | undefined) => Promise<T>,
  { retries, signal, isHopeless }: RetryOptions,
): Promise<T> {
  let before: RetriableError | undefined;
  return pRetry(() => attempt(before), {
    retries,
    minTimeout: firstBackoffMs,
    maxTimeout: longestBackoffMs,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => {
      if (!(error instanceof RetriableError) || isHopeless(error)) return false;
      before = error;
      return true;
    },
  });
}
