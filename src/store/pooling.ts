import { type Kysely, sql } from 'kysely';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { contactError } from './database-error.ts';
import type { Database } from './tables.ts';

/** A pooler under load may hand out the same session twice by chance. */
const rounds = 3;

/**
 * Refuses a database whose sessions are shared, before a run leaves locks in sessions that outlive it: every later run
 * would find them taken.
 *
 * @throws FatalError `database-unusable`, `database-unreachable`
 */
export async function requireOwnSessions(database: OpenDatabase): Promise<void> {
  let shared: boolean;
  try {
    shared = await sharesSessions(database);
  } catch (error) {
    throw contactError(error, database.where);
  }
  if (shared) throw sharedSessionsError(database);
}

export function sharedSessionsError({ where }: OpenDatabase): FatalError {
  return new FatalError(
    'database-unusable',
    `locks and settings do not stay with their connection to ${where}. A connection pooler in transaction mode does that: ` +
      'give database.url a direct connection or session pooling.',
  );
}

/**
 * Whether a connection pooler between this program and the server gives each transaction another session (PgBouncer's
 * transaction mode). Session locks and settings do not stay with their connection then, so that runs can neither be
 * told apart nor kept apart. Writes nothing.
 *
 * Seen from outside, either two connections that are open at the same time reach one and the same session, or one
 * connection reaches another session than before: as they come round in turn, or while its own is taken. On a server of
 * its own none of it can happen.
 */
export async function sharesSessions({ openLockConnection }: OpenDatabase): Promise<boolean> {
  if (openLockConnection === undefined) return false;
  const one = openLockConnection();
  const other = openLockConnection();
  try {
    // Both connect at the same time, which takes longer than all that follows.
    await Promise.all([sessionOf(one), sessionOf(other)]);
    for (let round = 0; round < rounds; round++) {
      const before = await sessionOf(one);
      if ((await sessionOf(one)) !== before) return true;
      const shared = await other.transaction().execute(async (taken) => {
        return (await sessionOf(taken)) === before || (await sessionOf(one)) !== before;
      });
      if (shared) return true;
    }
    return false;
  } finally {
    await Promise.all([one.destroy(), other.destroy()]);
  }
}

async function sessionOf(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
  return rows[0]?.pid ?? Number.NaN;
}
