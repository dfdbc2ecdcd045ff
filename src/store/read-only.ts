import { sql, type Transaction } from 'kysely';
import type { OpenDatabase } from './database.ts';
import { contactError } from './database-error.ts';
import { requireCurrentSchema } from './migrator.ts';
import type { Database } from './tables.ts';

/**
 * Reads in one transaction, so that the parts fit each other while a run is at work. Its settings end with it: behind a
 * connection pooler the session is also another program's.
 *
 * @throws FatalError `database-unreachable`; `database-unusable`, also where the schema does not fit this program
 */
export async function readOnly<T>(
  database: OpenDatabase,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  try {
    return await database.reading.transaction().execute(async (trx) => {
      const settings = [
        'set transaction isolation level repeatable read, read only',
        ...database.readingSettings,
      ];
      await sql.raw(settings.join('; ')).execute(trx);
      await requireCurrentSchema(database, trx);
      return await work(trx);
    });
  } catch (error) {
    throw contactError(error, database.where);
  }
}
