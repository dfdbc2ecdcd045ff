import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import { contactError, isConnectionLost } from '../store/database-error.ts';
import type { Database } from '../store/tables.ts';

/** A restart or a failover of the database takes about this long. */
const patienceMs = 30_000;
const probeEveryMs = 500;

/**
 * Waits for a database that went away. All VDNs at work share one wait.
 */
export class DatabaseWatch {
  readonly #database: OpenDatabase;
  readonly #signal: AbortSignal;
  readonly #logger: Logger;
  #wait: Promise<void> | undefined;
  #lastError: unknown;

  /** @param signal cuts a wait short */
  constructor(database: OpenDatabase, signal: AbortSignal, logger: Logger) {
    this.#database = database;
    this.#signal = signal;
    this.#logger = logger;
  }

  /**
   * Resolves once the database answers again.
   *
   * @throws FatalError `database-unreachable` where it does not within 30 s
   * @throws the signal's reason
   */
  untilBack(): Promise<void> {
    this.#wait ??= this.#race().finally(() => {
      this.#wait = undefined;
    });
    return this.#wait;
  }

  /**
   * Does a piece of bookkeeping, once more where the database went away under it and came back.
   *
   * @param work may have been committed when it fails, so doing it twice must be doing it once
   */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      await this.untilBack();
      return await work();
    }
  }

  async #race(): Promise<void> {
    this.#signal.throwIfAborted();
    const { where } = this.#database;
    this.#logger.warn(`the database ${where} is away; waiting up to ${patienceMs / 1000} s for it`);
    const over = new AbortController();
    // A connection of its own: those of the applies may all be taken.
    const connection = this.#database.openLockConnection?.();
    try {
      // An attempt to connect can take longer than a shutdown may, and a question longer than the patience.
      await Promise.race([
        this.#probe(connection ?? this.#database.db, over.signal),
        rejectOnAbort(this.#signal),
        delay(patienceMs, undefined, { signal: over.signal }).then(() => Promise.reject(this.#gone())),
      ]);
      this.#logger.info(`the database ${where} is back`);
    } finally {
      over.abort();
      // Nobody waits for its farewell.
      connection?.destroy().catch(() => {});
    }
  }

  async #probe(db: Kysely<Database>, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      try {
        await sql`select 1`.execute(db);
        return;
      } catch (error) {
        if (!isConnectionLost(error)) throw contactError(error, this.#database.where);
        this.#lastError = error;
      }
      await delay(probeEveryMs);
    }
  }

  #gone(): FatalError {
    return new FatalError(
      'database-unreachable',
      `the database ${this.#database.where} went away during the run and was not back within ${patienceMs / 1000} s. What was ` +
        'finished is kept; run again once it is back.',
      { cause: this.#lastError },
    );
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
