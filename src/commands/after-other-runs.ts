import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { FatalError } from '../errors.ts';

const askAgainMs = 2000;

/**
 * Starts a run, again and again while another one is at work on one of its sources.
 *
 * @param start throws FatalError `locked` where it touched nothing since another run is at work
 * @param waitMs for how long; then `locked` is thrown
 */
export async function afterOtherRuns<T>(
  start: () => Promise<T>,
  waitMs: number,
  signal: AbortSignal,
  logger: Logger,
): Promise<T> {
  const until = performance.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const left = until - performance.now();
      if (!(error instanceof FatalError && error.code === 'locked' && left > 0)) throw error;
      if (attempt === 1) logger.info(`waiting up to ${Math.round(waitMs / 1000)} s: ${error.message}`);
      await delay(Math.min(askAgainMs, left), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
