import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { FatalError } from '../errors.ts';
import { migrateToLatest } from '../store/migrator.ts';
import { shared } from './routes.ts';
import type { WithDatabase } from './scheduler.ts';

/** How long until a failed migration is retried: twice as long each time, up to the longest. */
const firstWaitMs = 1000;
const longestWaitMs = 30_000;

/** Brings the schema up to date while the server answers, so that it can report a database that is away. */
export interface Migration {
  /** Retries until it is done, or the signal is aborted. */
  keepTrying(signal: AbortSignal): Promise<void>;
  /**
   * Resolves once the schema is up to date.
   *
   * @throws FatalError where it is not up to date now: nothing may begin before it is
   */
  readonly ensure: () => Promise<void>;
  /** Why the last attempt failed. */
  failure(): FatalError | undefined;
}

/** @param withOwner opens the database as the schema's owner */
export function createMigration(withOwner: WithDatabase, logger: Logger): Migration {
  let done = false;
  let failure: FatalError | undefined;
  const attempt = shared(async () => {
    try {
      const applied = await withOwner(migrateToLatest);
      logger.info(
        { applied },
        applied.length === 0 ? 'the schema is up to date' : `migrated: ${applied.join(', ')}`,
      );
      done = true;
      failure = undefined;
    } catch (error) {
      if (error instanceof FatalError) failure = error;
      throw error;
    }
  });
  const ensure = async () => {
    if (!done) await attempt();
  };
  return {
    ensure,
    async keepTrying(signal) {
      for (let waitMs = firstWaitMs; !done && !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
        try {
          await ensure();
        } catch (error) {
          const errorCode = error instanceof FatalError ? error.code : 'unexpected';
          const reason = error instanceof Error ? error.message : String(error);
          logger.warn(
            { errorCode },
            `the schema cannot be brought up to date, retried in ${waitMs / 1000} s: ${reason}`,
          );
          await pause(waitMs, undefined, { signal }).catch(() => {});
        }
      }
    },
    failure: () => failure,
  };
}
