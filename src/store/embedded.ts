import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import lockfile from 'proper-lockfile';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { sessionSettings } from './session-settings.ts';
import type { Database } from './tables.ts';

/** A killed process leaves its lock behind; it may be taken over once it was not renewed for so long. */
const staleMs = 10_000;
const renewMs = 2_000;
/** Attempts a second apart: long enough for a dead process's lock to go stale. */
const lockAttempts = 15;

/**
 * Opens the embedded database (PGlite) in a directory, which is made where it is missing. Two processes on one
 * directory would lose writes in silence, so its lock is held as long as it is open.
 *
 * @throws FatalError `locked` where another process has it open
 */
export async function openEmbedded(directory: string, schema: string): Promise<OpenDatabase> {
  const where = `in ${directory}`;
  const lock = await takeLock(directory);
  const pglite = new PGlite(path.join(directory, 'pgdata'));
  try {
    await pglite.waitReady;
  } catch (cause) {
    await lock.release();
    throw new FatalError(
      'database-unusable',
      `the embedded database ${where} does not start. If its files are damaged, move the directory away and run again.`,
      { cause },
    );
  }
  const db = new Kysely<Database>({
    dialect: new PGliteDialect({
      pglite,
      onCreateConnection: async (connection) => {
        await connection.executeQuery(sessionSettings(schema));
      },
    }),
  });
  return {
    db,
    schema,
    where,
    openLockConnection: undefined,
    assertOwned: lock.assertHeld,
    async close() {
      await db.destroy();
      if (!pglite.closed) await pglite.close();
      await lock.release();
    },
  };
}

async function takeLock(directory: string) {
  let lost: Error | undefined;
  try {
    await mkdir(directory, { recursive: true });
    const release = await lockfile.lock(directory, {
      lockfilePath: path.join(directory, 'lock'),
      stale: staleMs,
      update: renewMs,
      retries: { retries: lockAttempts, factor: 1, minTimeout: 1000, maxTimeout: 1000 },
      onCompromised: (error) => {
        lost = error;
      },
    });
    return {
      assertHeld() {
        if (lost) throw lockedError(directory, lost);
      },
      release: async () => {
        if (!lost) await release();
      },
    };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ELOCKED')
      throw lockedError(directory, cause);
    throw new FatalError('database-unusable', `the directory ${directory} cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

function lockedError(directory: string, cause: Error): FatalError {
  return new FatalError(
    'locked',
    `another process works with the embedded database in ${directory}. Wait until it has ended and run again.`,
    { cause },
  );
}
