import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { FatalError } from '../errors.ts';
import { openPool } from './server-pool.ts';
import { lockSessionSettings, sessionSettings } from './session-settings.ts';
import type { Database } from './tables.ts';

/** Applies and their bookkeeping; more would only queue up on the server's disk. */
const poolSize = 4;

/** A server ends a statement itself after 60 s; one that has not even answered by now is away without saying so. */
const queryTimeoutMs = 75_000;

/** What it takes to open a database; a part of the configuration. */
export interface DatabaseConfig {
  /** `postgres://…`, or `pglite:DIR` with an absolute DIR. */
  readonly url: string;
  readonly schema: string;
}

/** Whether an embedded database that is not there is made or refused. */
export type MissingDatabase = 'make' | 'require';

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  readonly schema: string;
  /** Names the database in messages: host, port and database, or the directory; never a password. */
  readonly where: string;
  /**
   * Opens the one connection that holds a run's locks. Undefined for the embedded database, whose directory lock
   * excludes other runs already.
   */
  readonly openLockConnection: (() => Kysely<Database>) | undefined;
  /** Throws where another process may have taken the embedded database's directory over. */
  readonly assertOwned: () => void;
  close(): Promise<void>;
}

/**
 * Opens the database. A server is first contacted by the first query; the embedded database starts at once
 * and takes its directory's lock.
 *
 * @param missing what becomes of an embedded database that is not there; a server's is never made
 * @throws FatalError `locked` where another process has the embedded database open; `configuration` where a
 * certificate or key that the URL names cannot be read; `database-unusable` where a required one is missing
 */
export async function openDatabase(
  { url, schema }: DatabaseConfig,
  missing: MissingDatabase = 'make',
): Promise<OpenDatabase> {
  if (url.startsWith('pglite:')) {
    // A database engine, loaded only where it is used.
    const { openEmbedded, requireEmbedded } = await import('./embedded.ts');
    const directory = url.slice('pglite:'.length);
    if (missing === 'require') requireEmbedded(directory);
    return openEmbedded(directory, schema);
  }
  const config: pg.PoolConfig = {
    connectionString: withPlainSslMode(url),
    application_name: 'obs-code-sync',
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const connect = (max: number, settings: readonly string[]) =>
    new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool({ ...config, max }, settings) }) });
  const where = placeOf(config);
  const db = connect(poolSize, sessionSettings(schema));
  return {
    db,
    schema,
    where,
    openLockConnection: () => connect(1, [...sessionSettings(schema), ...lockSessionSettings]),
    assertOwned: () => {},
    close: () => db.destroy(),
  };
}

/**
 * `pg` takes the modes prefer, require and verify-ca for verify-full, and announces in many lines on stderr that it
 * will not do so for ever. Said outright, it stays quiet and means the same in its next version.
 */
function withPlainSslMode(url: string): string {
  return /[?&]uselibpqcompat=true(&|$)/.test(url)
    ? url
    : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

function placeOf(config: pg.PoolConfig): string {
  try {
    const { host, port, database } = new pg.Client(config);
    return `${host}:${port}/${database}`;
  } catch (cause) {
    // Nothing but what the URL's query names is read here: sslrootcert, sslcert, sslkey.
    const detail =
      cause instanceof Error && 'code' in cause ? cause.message : 'it is no URL that pg understands';
    throw new FatalError('configuration', `database.url cannot be used: ${detail}.`, { cause });
  }
}
