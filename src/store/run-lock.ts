import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { sharedSessionsError } from './pooling.ts';
import type { Database } from './tables.ts';

/**
 * The locks of a run, one for each source that it works on and one for the run itself. They are the server's session
 * locks on a connection of their own, so that they always end with the process.
 */
export interface RunLock {
  /** Inserts the run's row; as soon as it can be seen, the run's lock shows that it is alive. */
  insertRun(insert: (trx: Transaction<Database>) => Promise<number>): Promise<number>;
  /** Which of these runs have no process any more. */
  dead(runIds: readonly number[]): Promise<number[]>;
  /** A condition for SQL: whether this run holds its locks now, as the server sees it. They end together. */
  readonly isHeld: RawBuilder<boolean>;
  /**
   * Does a write. Where it throws `LockLostError`, since `isHeld` was false, the locks are taken again and the write
   * is repeated once.
   *
   * @throws FatalError `locked` where another run has taken a lock meanwhile
   */
  guarded<T>(write: () => Promise<T>): Promise<T>;
  release(): Promise<void>;
}

/** A write was refused because the run does not hold its lock; nothing was written. */
export class LockLostError extends Error {
  override readonly name = 'LockLostError';
}

/**
 * Takes the locks of all sources, or none.
 *
 * @throws FatalError `locked` where another run works on one of them
 */
export function takeRunLock(database: OpenDatabase, sources: readonly string[]): Promise<RunLock> {
  const { openLockConnection } = database;
  return openLockConnection
    ? takeSessionLocks(database, openLockConnection(), sources)
    : directoryLock(database);
}

async function takeSessionLocks(
  database: OpenDatabase,
  connection: Kysely<Database>,
  sources: readonly string[],
): Promise<RunLock> {
  const key = (kind: 'source' | 'run', name: string | number) =>
    sql<string>`hashtextextended(${JSON.stringify(['obs-code-sync', database.schema, kind, name])}, 0)`;
  let backend = 0;
  let runId: number | undefined;
  let taking: Promise<void> | undefined;

  async function take(): Promise<void> {
    await connection.connection().execute(async (session) => {
      backend = await single<number>(session, sql`pg_backend_pid()`);
      const keys = sources.map((source) => ({ source, key: key('source', source) }));
      for (const { source, key } of keys) {
        if (!(await single<boolean>(session, sql`pg_try_advisory_lock(${key})`))) throw locked(source);
      }
      if (runId !== undefined) await single(session, sql`pg_advisory_lock(${key('run', runId)})`);
    });
  }

  try {
    await take();
  } catch (error) {
    await connection.destroy();
    throw error;
  }
  return {
    insertRun: (insert) =>
      connection.transaction().execute(async (trx) => {
        const id = await insert(trx);
        await single(trx, sql`pg_advisory_lock(${key('run', id)})`);
        runId = id;
        return id;
      }),
    async dead(runIds) {
      const dead: number[] = [];
      for (const id of runIds) {
        if (!(await single<boolean>(connection, sql`pg_try_advisory_lock(${key('run', id)})`))) continue;
        dead.push(id);
        await single(connection, sql`pg_advisory_unlock(${key('run', id)})`);
      }
      return dead;
    },
    get isHeld() {
      return sql<boolean>`exists (
        select from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1 and pid = ${backend}
          and (classid::bigint << 32 | objid::bigint) = ${key('source', sources[0] ?? '')})`;
    },
    async guarded(write) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof LockLostError)) throw error;
      }
      // VDNs are written concurrently: one of them takes the locks again for all.
      taking ??= take().finally(() => {
        taking = undefined;
      });
      await taking;
      try {
        return await write();
      } catch (error) {
        throw error instanceof LockLostError ? sharedSessionsError(database) : error;
      }
    },
    release: () => connection.destroy(),
  };
}

/** The embedded database: the process that holds its directory's lock is alone. */
async function directoryLock({ db, assertOwned }: OpenDatabase): Promise<RunLock> {
  return {
    insertRun: (insert) => db.transaction().execute(insert),
    dead: async (runIds) => [...runIds],
    isHeld: sql<boolean>`true`,
    guarded(write) {
      assertOwned();
      return write();
    },
    release: async () => {},
  };
}

async function single<T>(db: Kysely<Database>, expression: RawBuilder<unknown>): Promise<T> {
  const { rows } = await sql<{ value: T }>`select ${expression} as value`.execute(db);
  return (rows[0] as { value: T }).value;
}

function locked(source: string): FatalError {
  return new FatalError(
    'locked',
    `another run is at work on source ${source}; nothing further was touched. Wait until it has ended (\`status\` shows it) and run again.`,
  );
}
