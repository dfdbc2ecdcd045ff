import { type Kysely, sql } from 'kysely';
import { DatabaseBusyError, FatalError } from '../errors.ts';
import { restoreRunNumbers, runNumbersRestarted } from './circumstances.ts';
import type { OpenDatabase } from './database.ts';
import { fatalError, sqlState } from './database-error.ts';
import { requireCurrentSchema } from './migrator.ts';
import { hiddenTables, missingRights, missingTables, requireTrustedSchema } from './rights.ts';
import type { Database } from './tables.ts';

/**
 * Refuses a database on which a run would end with 6 or 7. Writes nothing.
 *
 * @param db a connection or transaction to check with; it may be read-only
 * @param writes whether the run writes, or only compares
 * @throws FatalError `database-unreachable` where it takes no writes now; `database-unusable`
 */
export async function requireRunnable(
  database: OpenDatabase,
  db: Kysely<Database> = database.db,
  writes = true,
): Promise<void> {
  const { schema, where } = database;
  await requireCurrentSchema(database, db);
  await requireTables(database, db);
  await requireTrustedSchema(database, db);
  if (writes) await requireWritable(database, db);
  const hidden = await hiddenTables(db, schema);
  const missing = await missingRights(db, schema, writes);
  if (hidden.length === 0 && missing.length === 0) {
    if (writes) await requireFreeNumbers(database, db);
    return;
  }
  const role = await connectedRole(db);
  const problems = [
    ...(missing.length > 0
      ? [
          `the role ${role} lacks ${missing.join(', ')} in the schema ${schema}: as the schema's owner run ` +
            `\`migrate --grant-writer ${role}\`, or the SQL of docs/operations.md`,
        ]
      : []),
    ...(hidden.length > 0
      ? [
          `a row security policy hides rows of ${hidden.join(', ')} from the role ${role}, and hidden codes would stay ` +
            `active: alter role ${role} bypassrls, or switch row security off for these tables`,
        ]
      : []),
  ];
  throw new FatalError(
    'database-unusable',
    `the database ${where} cannot be used: ${problems.join('; and ')}.`,
  );
}

async function requireTables({ schema, where }: OpenDatabase, db: Kysely<Database>): Promise<void> {
  const missing = await missingTables(db, schema);
  if (missing.length === 0) return;
  throw new FatalError(
    'database-unusable',
    `the schema ${schema} of the database ${where} is not whole: ${missing.join(', ')} is missing. Restore it from a backup, or ` +
      'rename the schema and run `migrate` to begin a new one.',
  );
}

async function requireWritable({ where }: OpenDatabase, db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ standby: boolean; readOnly: string }>`
    select pg_is_in_recovery() as standby, current_setting('default_transaction_read_only') as "readOnly"`.execute(
    db,
  );
  const [state] = rows;
  if (state === undefined || (!state.standby && state.readOnly === 'off')) return;
  const what = state.standby ? 'it is a standby' : 'it is read-only';
  throw fatalError(new DatabaseBusyError(what, sqlState.readOnlyTransaction), where);
}

async function requireFreeNumbers(database: OpenDatabase, db: Kysely<Database>): Promise<void> {
  if (await runNumbersRestarted(db)) throw restartedNumbers(database);
}

export function restartedNumbers({ schema, where }: OpenDatabase): FatalError {
  return new FatalError(
    'database-unusable',
    `in the database ${where} the numbers of runs were restarted below those that are taken in the schema ${schema}, so that no ` +
      `run can begin. As the schema's owner run: ${restoreRunNumbers(schema)}`,
  );
}

/** The role whose rights count. */
async function connectedRole(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ role: string }>`select current_user::text as role`.execute(db);
  return rows[0]?.role ?? '';
}
