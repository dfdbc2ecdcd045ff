import * as fs from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { contactError, describeDatabaseError, sqlState, sqlStateOf } from './database-error.ts';
import type { Database } from './tables.ts';

const migrationFolder = path.join(import.meta.dirname, '..', '..', 'migrations');
const migrationTable = 'schema_migration';

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
    const { rows } = await sql<{ name: string }>`
      select name from ${sql.table(`${schema}.${migrationTable}`)} order by name`.execute(db);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (sqlStateOf(error) === sqlState.undefinedTable) return [];
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
  const { pending, unknown } = await schemaState({ ...database, db });
  refuseNewer(database, unknown);
  if (pending.length > 0) {
    throw new FatalError(
      'database-unusable',
      `the schema ${database.schema} of the database ${database.where} is behind this program by ${pending.length} ` +
        `migration(s), ${pending.join(', ')}. Run \`migrate\` first (or \`sync --migrate\`).`,
    );
  }
}

/**
 * Brings the schema up to date, in one transaction: all pending migrations or none.
 *
 * @returns the names of the migrations that were applied now
 * @throws FatalError `database-unreachable`, `database-unusable`
 */
export async function migrateToLatest(database: OpenDatabase): Promise<string[]> {
  refuseNewer(database, (await schemaState(database)).unknown);
  const migrator = new Migrator({
    db: database.db,
    provider: new FileMigrationProvider({ fs, path, migrationFolder }),
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
    migrationTableSchema: database.schema,
  });
  // The migrator never throws; what went wrong is in its answer.
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) throw migrationError(error, database);
  return results.map(({ migrationName }) => migrationName);
}

function migrationError(error: unknown, { schema, where }: OpenDatabase): FatalError {
  const reason = contactError(error, where);
  if (reason instanceof FatalError) return reason;
  return new FatalError(
    'database-unusable',
    `the migrations do not fit the schema ${schema} of the database ${where}: ${describeDatabaseError(error)}. Nothing was ` +
      `changed. If rows of ${schema}.${migrationTable} were edited, restore them or the database.`,
    { cause: error },
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
