import * as fs from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Kysely, PostgresAdapter, sql, type Transaction } from 'kysely';
import { FileMigrationProvider, MIGRATION_LOCK_ID } from 'kysely/migration';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { contactError, sqlState, sqlStateOf } from './database-error.ts';
import type { Database } from './tables.ts';
import { requireTrustedSchema } from './trusted-schema.ts';

const migrationFolder = path.join(import.meta.dirname, '..', '..', 'migrations');
const migrationTable = 'schema_migration';
/** Kysely's own; nothing is in it that matters, but comments on it were part of a migration. */
const lockTable = 'schema_migration_lock';

/** How the database's schema compares with this program's migrations; names in order. */
export interface SchemaState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied by a newer program, unknown to this one. */
  readonly unknown: readonly string[];
}

/**
 * Compares the schema with the program, without writing.
 *
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function schemaState(database: OpenDatabase): Promise<SchemaState> {
  const known = (await readdir(migrationFolder))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.basename(file, '.ts'))
    .sort();
  const applied = await appliedMigrations(database);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedMigrations({ db, where, schema }: OpenDatabase): Promise<string[]> {
  try {
    // A table that is missing would abort the transaction that asks for it.
    const { rows: tables } = await sql`
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = ${migrationTable}`.execute(db);
    if (tables.length === 0) return [];
    const { rows } = await sql<{ name: string }>`
      select name from ${sql.table(`${schema}.${migrationTable}`)} order by name`.execute(db);
    return rows.map(({ name }) => name);
  } catch (error) {
    throw contactError(error, where);
  }
}

/**
 * Refuses a schema that does not fit this program.
 *
 * @param db asks by another connection or transaction than the program's own
 * @throws FatalError `database-unusable`, naming the command to run
 */
export async function requireCurrentSchema(
  database: OpenDatabase,
  db: Kysely<Database> = database.db,
): Promise<void> {
  const { applied, pending, unknown } = await schemaState({ ...database, db });
  refuseNewer(database, unknown);
  if (pending.length === 0) return;
  const { schema, where } = database;
  const elsewhere = applied.length === 0 ? await otherSchemas(db, schema) : [];
  throw new FatalError(
    'database-unusable',
    `the schema ${schema} of the database ${where} is behind this program by ${pending.length} migration(s), ` +
      `${pending.join(', ')}. ` +
      (elsewhere.length > 0
        ? `The schema ${elsewhere.join(', ')} has the tables: correct database.schema, or run \`migrate\` to begin a new one.`
        : 'Run `migrate` first (or `sync --migrate`).'),
  );
}

/** Other schemas that this program's migrations were applied to. */
async function otherSchemas(db: Kysely<Database>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select n.nspname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname in (${sql.lit(migrationTable)}, 'sync_run_vdn') and n.nspname <> ${schema}
    group by n.nspname having count(*) = 2 order by n.nspname`.execute(db);
  return rows.map(({ name }) => name);
}

/**
 * Brings the schema up to date, in one transaction: all pending migrations, or nothing at all. Not by Kysely's migrator:
 * that makes its tables before its transaction, and leaves them behind where a migration is refused.
 *
 * @returns the names of the migrations that were applied now
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function migrateToLatest(database: OpenDatabase): Promise<readonly string[]> {
  await requireTrustedSchema(database, database.db);
  const unlimited = database.openMigrationConnection?.();
  try {
    return await (unlimited ?? database.db).connection().execute(async (session) => {
      // Those that migrate at the same time take turns, of versions that used Kysely's migrator too. It ends with the connection.
      const lock = { lockTable, lockRowId: MIGRATION_LOCK_ID, lockTableSchema: database.schema };
      if (unlimited) await new PostgresAdapter().acquireMigrationLock(session, lock);
      return await session.transaction().execute((trx) => applyPending(trx, database));
    });
  } catch (error) {
    throw migrationError(error, database);
  } finally {
    await unlimited?.destroy();
  }
}

async function applyPending(trx: Transaction<Database>, database: OpenDatabase): Promise<readonly string[]> {
  const { applied, pending, unknown } = await schemaState({ ...database, db: trx });
  refuseNewer(database, unknown);
  refuseGaps(database, applied, pending);
  if (applied.length === 0) await makeMigrationTables(trx, database.schema);
  const migrations = await new FileMigrationProvider({ fs, path, migrationFolder }).getMigrations();
  const timestamp = new Date().toISOString();
  for (const name of pending) {
    await migrations[name]?.up(trx);
    await sql`insert into ${sql.id(migrationTable)} (name, timestamp) values (${name}, ${timestamp})`.execute(
      trx,
    );
  }
  return pending;
}

/** As Kysely's migrator made them. */
async function makeMigrationTables(trx: Transaction<Database>, schema: string): Promise<void> {
  const { rows } = await sql`select from pg_namespace where nspname = ${schema}`.execute(trx);
  // A role that may create nothing in the database uses a schema that is there.
  if (rows.length === 0) await sql`create schema ${sql.id(schema)}`.execute(trx);
  await sql`create table if not exists ${sql.id(schema, migrationTable)}
    (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(trx);
  await sql`create table if not exists ${sql.id(schema, lockTable)}
    (id varchar(255) primary key, is_locked integer not null default 0)`.execute(trx);
}

/** A table, view, index or sequence; a type; a function. */
const namesTaken: readonly (string | undefined)[] = [
  sqlState.duplicateTable,
  sqlState.duplicateObject,
  sqlState.duplicateFunction,
];

function migrationError(error: unknown, { schema, where }: OpenDatabase): unknown {
  if (!namesTaken.includes(sqlStateOf(error))) return contactError(error, where);
  return new FatalError(
    'database-unusable',
    `the schema ${schema} of the database ${where} has something of another program under a name that is needed: ` +
      `${error instanceof Error ? error.message : error}. Nothing was changed. Choose another database.schema, or rename what is there.`,
    { cause: error },
  );
}

function refuseGaps(
  { schema, where }: OpenDatabase,
  applied: readonly string[],
  pending: readonly string[],
): void {
  const last = applied.at(-1) ?? '';
  const missing = pending.filter((name) => name < last);
  if (missing.length === 0) return;
  throw new FatalError(
    'database-unusable',
    `the migrations do not fit the schema ${schema} of the database ${where}: it has ${last}, and not ${missing.join(', ')} before ` +
      `it. Nothing was changed. If rows of ${schema}.${migrationTable} were edited, restore them or the database.`,
  );
}

function refuseNewer({ schema, where }: OpenDatabase, unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  throw new FatalError(
    'database-unusable',
    `the schema ${schema} of the database ${where} is newer than this program: it has ${unknown.join(', ')}. ` +
      'Run the version of obs-code-sync that applied them, or a later one.',
  );
}
