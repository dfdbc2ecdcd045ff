import { type Kysely, sql } from 'kysely';
import { FatalError } from '../errors.ts';
import { sqlStateOf } from './database-error.ts';
import type { Database } from './tables.ts';

/** A pooler under load may hand out the same session twice by chance. */
const rounds = 3;

/** What PgBouncer answers to a transaction where it gives each statement another session. */
const protocolViolation = '08P01';

/**
 * Refuses a database whose sessions are shared, before a run leaves settings and locks in sessions that outlive it: other
 * programs would get the settings, and every later run would find the locks taken.
 *
 * @param open opens a connection in which nothing is set
 * @throws FatalError `database-unusable`
 */
export async function requireOwnSessions(open: () => Kysely<Database>, where: string): Promise<void> {
  if (await sharesSessions(open)) throw sharedSessionsError({ where });
}

export function sharedSessionsError({ where }: { readonly where: string }): FatalError {
  return new FatalError(
    'database-unusable',
    `locks and settings do not stay with their connection to ${where}. A connection pooler in transaction mode does that: ` +
      'give database.url a direct connection or session pooling.',
  );
}

/**
 * Whether a connection pooler between this program and the server gives each transaction another session (PgBouncer's
 * transaction mode). Session locks and settings do not stay with their connection then, and two runs could work at
 * once. Writes and sets nothing.
 *
 * It shows when two open connections reach the same session, or when one connection reaches another session than
 * before, in turn or while its own is in use. Without such a pooler neither can happen.
 */
export async function sharesSessions(open: () => Kysely<Database>): Promise<boolean> {
  const one = open();
  const other = open();
  try {
    // Both connect at the same time, which takes longer than all that follows.
    await Promise.all([sessionOf(one), sessionOf(other)]);
    for (let round = 0; round < rounds; round++) {
      const before = await sessionOf(one);
      if ((await sessionOf(one)) !== before) return true;
      const shared = other.transaction().execute(async (taken) => {
        return (await sessionOf(taken)) === before || (await sessionOf(one)) !== before;
      });
      if (await shared.catch(isRefusedByPooler)) return true;
    }
    return false;
  } finally {
    await Promise.all([one.destroy(), other.destroy()]);
  }
}

function isRefusedByPooler(error: unknown): true {
  if (sqlStateOf(error) === protocolViolation) return true;
  throw error;
}

async function sessionOf(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_catalog.pg_backend_pid() as pid`.execute(db);
  return rows[0]?.pid ?? Number.NaN;
}
