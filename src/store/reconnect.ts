import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { ConnectionLostError, DatabaseBusyError, FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { contactError, fatalError, isPassing, sqlState } from './database-error.ts';
import type { Database } from './tables.ts';

/** A restart or a failover of the database takes about this long. */
const defaultWaitMs = 30_000;
const probeEveryMs = 500;

/** What the waiting work needs. */
type Purpose = 'write' | 'read';

/**
 * Waits for a database that is away or does not accept writes, and retries what failed meanwhile. Concurrent work
 * shares one wait.
 */
export class Reconnect {
  readonly #database: OpenDatabase;
  readonly #signal: AbortSignal;
  readonly #logger: Logger;
  readonly #waitMs: number;
  readonly #purpose: Purpose;
  #wait: Promise<void> | undefined;
  #lastError: ConnectionLostError | DatabaseBusyError = new ConnectionLostError('no answer', undefined);

  /**
   * @param signal cuts a wait short
   * @param options.waitMs how long a wait may take in all, in milliseconds
   * @param options.purpose for reading, a standby is enough
   */
  constructor(
    database: OpenDatabase,
    signal: AbortSignal,
    logger: Logger,
    { waitMs = defaultWaitMs, purpose = 'write' }: { waitMs?: number; purpose?: Purpose } = {},
  ) {
    this.#database = database;
    this.#signal = signal;
    this.#logger = logger;
    this.#waitMs = waitMs;
    this.#purpose = purpose;
  }

  /**
   * Resolves once the database accepts writes.
   *
   * @throws FatalError `database-unreachable` where it does not within 30 s; `database-unusable` where it answers that
   *   it cannot be used
   * @throws the signal's reason
   */
  whenWritable(): Promise<void> {
    this.#wait ??= this.#race().finally(() => {
      this.#wait = undefined;
    });
    return this.#wait;
  }

  /**
   * Does a piece of work, and repeats it while it fails with `ConnectionLostError` or `DatabaseBusyError`, or what
   * `contactError` made of one: after each wait for the database, for 30 s at most. The time that a statement waited for a
   * lock counts.
   *
   * @param work may have been committed when it fails, so doing it twice must be doing it once
   * @throws what `work` threw last, and what `whenWritable` throws
   */
  async retry<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let deadline: number | undefined;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const reason = error instanceof FatalError ? error.cause : error;
        if (!isPassing(reason)) throw error;
        deadline ??= this.#waitMs + (reason instanceof DatabaseBusyError ? startedAt : performance.now());
        if (performance.now() >= deadline) throw error;
      }
      await this.whenWritable();
      // What keeps the database busy may take a moment longer.
      await delay(probeEveryMs, undefined, { signal: this.#signal }).catch(() =>
        this.#signal.throwIfAborted(),
      );
    }
  }

  async #race(): Promise<void> {
    this.#signal.throwIfAborted();
    const { where } = this.#database;
    this.#logger.warn(`the database ${where} is away or busy; waiting up to ${this.#waitMs / 1000} s for it`);
    const over = new AbortController();
    // A connection of its own: those of the applies may all be taken.
    const connection = this.#purpose === 'write' ? this.#database.openLockConnection?.() : undefined;
    try {
      // Connecting can take longer than a shutdown may, and a query longer than the wait.
      await Promise.race([
        this.#probe(connection ?? this.#database.reading, over.signal),
        rejectOnAbort(this.#signal, over.signal),
        delay(this.#waitMs, undefined, { signal: over.signal }).then(() => Promise.reject(this.#gone())),
      ]);
      this.#logger.info(`the database ${where} is back`);
    } finally {
      over.abort();
      // Nothing waits for it to close.
      connection?.destroy().catch(() => {});
    }
  }

  async #probe(db: Kysely<Database>, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      try {
        const { rows } = await sql<{ transaction_read_only: string }>`show transaction_read_only`.execute(db);
        if (this.#purpose === 'read' || rows[0]?.transaction_read_only === 'off') return;
        this.#lastError = new DatabaseBusyError(
          'it is a standby, or read-only',
          sqlState.readOnlyTransaction,
        );
      } catch (error) {
        if (!isPassing(error)) throw contactError(error, this.#database.where);
        this.#lastError = error;
      }
      await delay(probeEveryMs);
    }
  }

  #gone(): FatalError {
    const { message } = fatalError(this.#lastError, this.#database.where);
    const waited = `The run waited for it for ${this.#waitMs / 1000} s; what was finished is kept.`;
    return new FatalError('database-unreachable', `${message} ${waited}`);
  }
}

function rejectOnAbort(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over });
  });
}
