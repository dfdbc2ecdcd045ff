import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import { contactError, isConnectionLost } from '../store/database-error.ts';

/** A restart or a failover of the database takes about this long. */
const patienceMs = 30_000;
const probeEveryMs = 500;

/**
 * Waits for a database that went away. All VDNs at work share one wait.
 */
export class DatabaseWatch {
  readonly #database: OpenDatabase;
  readonly #signal: AbortSignal;
  #wait: Promise<void> | undefined;

  /** @param signal cuts a wait short */
  constructor(database: OpenDatabase, signal: AbortSignal) {
    this.#database = database;
    this.#signal = signal;
  }

  /**
   * Resolves once the database answers again.
   *
   * @throws FatalError `database-unreachable` where it does not within 30 s
   * @throws the signal's reason
   */
  untilBack(): Promise<void> {
    this.#wait ??= Promise.race([this.#probe(), rejectOnAbort(this.#signal)]).finally(() => {
      this.#wait = undefined;
    });
    return this.#wait;
  }

  async #probe(): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.#signal.aborted) {
      try {
        await sql`select 1`.execute(this.#database.db);
        return;
      } catch (error) {
        if (!isConnectionLost(error)) throw contactError(error, this.#database.where);
        if (Date.now() > deadline) throw this.#gone(error);
      }
      await delay(probeEveryMs);
    }
  }

  #gone(cause: unknown): FatalError {
    return new FatalError(
      'database-unreachable',
      `the database ${this.#database.where} went away during the run and was not back within ${patienceMs / 1000} s. What was ` +
        'finished is kept; run again once it is back.',
      { cause },
    );
  }
}

/** An attempt to connect can take longer than a shutdown may. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
