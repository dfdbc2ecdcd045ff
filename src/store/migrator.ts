import * as fs from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { contactError, sqlState, sqlStateOf } from './database-error.ts';
import { requireTrustedSchema } from './rights.ts';
import type { Database } from './tables.ts';

const migrationFolder = path.join(import.meta.dirname, '..', '..', 'migrations');
const migrationTable = 'schema_migration';
const lockTable = `${migrationTable}_lock`;

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
 * Brings the schema up to date, in one transaction: all pending migrations, or nothing at all.
 *
 * @returns the names of the migrations that were applied now
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function migrateToLatest(database: OpenDatabase): Promise<string[]> {
  const { applied, unknown } = await schemaState(database);
  refuseNewer(database, unknown);
  await requireTrustedSchema(database, database.db);
  const unlimited = database.openMigrationConnection?.();
  const db = unlimited ?? database.db;
  try {
    const migrator = new Migrator({
      db,
      provider: new FileMigrationProvider({ fs, path, migrationFolder }),
      migrationTableName: migrationTable,
      migrationLockTableName: lockTable,
      migrationTableSchema: database.schema,
    });
    // The migrator never throws; what went wrong is in its answer.
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error === undefined) return results.map(({ migrationName }) => migrationName);
    // It makes its tables before its transaction.
    if (applied.length === 0) await dropMigrationTables(db, database.schema).catch(() => undefined);
    throw migrationError(error, database);
  } finally {
    await unlimited?.destroy();
  }
}

/** Unless another process has filled them meanwhile. */
async function dropMigrationTables(db: Kysely<Database>, schema: string): Promise<void> {
  const [migrations, lock] = [sql.id(schema, migrationTable), sql.id(schema, lockTable)];
  await db.transaction().execute(async (trx) => {
    await sql`lock table ${migrations}`.execute(trx);
    const { rows } = await sql`select from ${migrations} limit 1`.execute(trx);
    if (rows.length === 0) await sql`drop table ${migrations}, ${lock}`.execute(trx);
  });
}

/** A table, view, index or sequence; a type; a function. */
const namesTaken: readonly (string | undefined)[] = [
  sqlState.duplicateTable,
  sqlState.duplicateObject,
  sqlState.duplicateFunction,
];

function migrationError(error: unknown, { schema, where }: OpenDatabase): FatalError {
  const message = error instanceof Error ? error.message : String(error);
  if (namesTaken.includes(sqlStateOf(error))) {
    return new FatalError(
      'database-unusable',
      `the schema ${schema} of the database ${where} has an object of another program with a name that is needed: ` +
        `${message}. Nothing was changed. Choose another database.schema, or rename what is there.`,
      { cause: error },
    );
  }
  const reason = contactError(error, where);
  if (reason instanceof FatalError) return reason;
  return new FatalError(
    'database-unusable',
    `the migrations do not fit the schema ${schema} of the database ${where}: ${message}. Nothing was ` +
      `changed. If rows of ${schema}.${migrationTable} were edited, restore them or the database.`,
    { cause: error },
  );
}

function refuseNewer({ schema, where }: OpenDatabase, unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  throw new FatalError(
    'database-unusable',
    `the schema ${schema} of the database ${where} is newer than this program: it has ${unknown.join(', ')}. ` +
      'Run the version of obs-code-sync that applied them, or a later one; where another program did, choose another database.schema.',
  );
}
