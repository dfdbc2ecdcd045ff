import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import type { Config } from '../config/schema.ts';
import { ConnectionLostError } from '../errors.ts';
import { requireOwnSessions } from './pooling.ts';
import { openPool } from './server-pool.ts';
import { type Servers, serversOf } from './servers.ts';
import { lockSessionSettings, sessionSettings } from './session-settings.ts';
import type { Database } from './tables.ts';

/**
 * Applies and their bookkeeping. With the lock's connection, and the one that `schedule` reads by, a run needs five at the
 * most; the documented limits of a role or a pooler count on it.
 */
const poolSize = 3;

/** Whether an embedded database that is not there is made or refused. */
export type MissingDatabase = 'make' | 'require';

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** One connection in which nothing is set, as behind a pooler it must be; for `readOnly`. */
  readonly reading: Kysely<Database>;
  /** What a transaction of `reading` begins with; nothing where the session has it already. */
  readonly readingSettings: readonly string[];
  readonly schema: string;
  /** Names the database in messages: host, port and database, or the directory; never a password. */
  readonly where: string;
  /**
   * Opens the one connection that holds a run's locks. Undefined for the embedded database, whose directory lock
   * excludes other runs already.
   */
  readonly openLockConnection: (() => Kysely<Database>) | undefined;
  /** Opens a connection without a limit on statements; undefined for the embedded database, which has one session. */
  readonly openMigrationConnection: (() => Kysely<Database>) | undefined;
  /** Throws where another process may have taken over the embedded database's directory. */
  readonly assertOwned: () => void;
  close(): Promise<void>;
}

/**
 * Opens the database. A server is first contacted by the first query; the embedded database starts at once
 * and takes its directory's lock. The first use of `db` and of the lock's connection finds out whether sessions are the
 * program's own, and throws `FatalError` `database-unusable` where a pooler shares them.
 *
 * @param missing what becomes of an embedded database that is not there; a server's is never made
 * @throws FatalError `locked` where another process has the embedded database open; `configuration` where a
 * certificate or key that the URL names cannot be read; `database-unusable` where a required one is missing
 */
export async function openDatabase(
  { url, schema }: Config['database'],
  missing: MissingDatabase = 'make',
): Promise<OpenDatabase> {
  if (url.startsWith('pglite:')) {
    // A database engine, loaded only where it is used.
    const { openEmbedded, requireEmbedded } = await import('./embedded.ts');
    const directory = url.slice('pglite:'.length);
    if (missing === 'require') requireEmbedded(directory);
    return openEmbedded(directory, schema);
  }
  const servers = serversOf(url);
  const { where } = servers;
  const bare = (pool: PostgresPool) => new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const requireOwn = once(() => requireOwnSessions(() => bare(unreplaced(openPool(servers, 1, []))), where));
  const own = (max: number, further: readonly string[], servers: Servers) =>
    new Kysely<Database>({
      dialect: new PostgresDialect({
        pool: async () => {
          await requireOwn();
          return openPool(servers, max, [...sessionSettings(schema, 'session', url), ...further]);
        },
      }),
    });
  const db = own(poolSize, [], servers);
  const reading = bare(openPool(servers, 1, []));
  return {
    db,
    reading,
    readingSettings: sessionSettings(schema, 'local', url),
    schema,
    where,
    openLockConnection: () => own(1, lockSessionSettings, servers),
    openMigrationConnection: () => own(1, ['set statement_timeout to 0'], serversOf(url, 0)),
    assertOwned: () => {},
    async close() {
      // A pool that is still being opened rejects for its own caller.
      await Promise.allSettled([db.destroy(), reading.destroy()]);
    },
  };
}

/** A connection that breaks while it is idle is lost: another one in its place would look like a session that is shared. */
function unreplaced(pool: PostgresPool): PostgresPool {
  let first: unknown;
  return {
    ...pool,
    async connect() {
      const client = await pool.connect();
      first ??= client;
      if (client === first) return client;
      client.release();
      throw new ConnectionLostError('the connection broke between two queries', undefined);
    },
  };
}

/** Runs the work once and shares it between callers, again after a failure. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
