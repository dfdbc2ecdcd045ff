import type { IncomingHttpHeaders } from 'node:http';
import pRetry from 'p-retry';
import { RetriableError, VdnError, type VdnErrorCode } from '../errors.ts';
import { clockDifferenceMs } from './http-errors.ts';

/** One finished attempt, for counts and metrics. */
export interface Attempt {
  readonly vdnId: number;
  readonly result: 'ok' | VdnErrorCode;
  readonly durationMs: number;
  /** How far the server's clock is ahead of this machine's, by its Date header; undefined where there was none. */
  readonly clockDifferenceMs: number | undefined;
}

/**
 * Runs one attempt and reports its end, also when it fails.
 *
 * @param attempt is given what to call with the headers of the answer
 */
export async function observed<T>(
  vdnId: number,
  onAttempt: (attempt: Attempt) => void,
  attempt: (onHeaders: (headers: IncomingHttpHeaders) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let clockDifference: number | undefined;
  const report = (result: Attempt['result']) =>
    onAttempt({
      vdnId,
      result,
      durationMs: performance.now() - startedAt,
      clockDifferenceMs: clockDifference,
    });
  try {
    const result = await attempt((headers) => {
      clockDifference = clockDifferenceMs(headers, new Date());
    });
    report('ok');
    return result;
  } catch (error) {
    report(error instanceof VdnError ? error.code : 'interrupted');
    throw error;
  }
}

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

export interface RetryOptions {
  /** Further attempts, at most. */
  readonly retries: number;
  readonly signal: AbortSignal;
  /** Whether to stop retrying after this failure. */
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
