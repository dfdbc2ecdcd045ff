import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import lockfile from 'proper-lockfile';
import { FatalError } from '../errors.ts';
import { databaseError } from './database-error.ts';
import { sessionSettings } from './session-settings.ts';
import type { Database } from './tables.ts';

/** The lock of a killed process may be taken over when it has not been renewed for this long. */
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
export async function openEmbedded(directory: string, schema: string) {
  const where = `in ${directory}`;
  const lock = await takeLock(directory);
  const pglite = new PGlite(dataOf(directory));
  try {
    await pglite.waitReady;
    for (const setting of sessionSettings(schema)) await pglite.query(setting);
  } catch (cause) {
    await lock.release();
    throw new FatalError(
      'database-unusable',
      `the embedded database ${where} does not start. If its files are damaged, move the directory away and run again.`,
      { cause },
    );
  }
  const db = new Kysely<Database>({
    dialect: new PGliteDialect({ pglite: guarded(pglite, lock.assertHeld) }),
  });
  return {
    db,
    reading: db,
    readingSettings: [],
    schema,
    where,
    openLockConnection: undefined,
    openMigrationConnection: undefined,
    assertOwned: lock.assertHeld,
    async close() {
      // Closing would write, and the files now belong to another process.
      if (!lock.isHeld()) return;
      await db.destroy();
      if (!pglite.closed) await pglite.close();
      await lock.release();
    },
  };
}

/**
 * A mistyped directory must not turn into an empty database.
 *
 * @throws FatalError `database-unusable` where the directory holds no database
 */
export function requireEmbedded(directory: string): void {
  if (existsSync(path.join(dataOf(directory), 'PG_VERSION'))) return;
  throw new FatalError(
    'database-unusable',
    `there is no database in ${directory} yet. Run \`migrate\` first, or \`sync --migrate\`.`,
  );
}

function dataOf(directory: string): string {
  return path.join(directory, 'pgdata');
}

/** The engine, used only while this process owns its files. All its errors are from the error tree. */
function guarded(
  pglite: PGlite,
  assertHeld: () => void,
): ConstructorParameters<typeof PGliteDialect>[0]['pglite'] {
  async function inTree<T>(ask: () => Promise<T>): Promise<T> {
    try {
      assertHeld();
      return await ask();
    } catch (error) {
      throw databaseError(error, 'unusable');
    }
  }
  return {
    get closed() {
      return pglite.closed;
    },
    ready: true,
    waitReady: pglite.waitReady,
    close: () => pglite.close(),
    query: (sql, parameters, options) => inTree(() => pglite.query(sql, parameters, options)),
    transaction: (work) =>
      inTree(() =>
        pglite.transaction(async (trx) => {
          const result = await work({
            rollback: () => trx.rollback(),
            query: (sql, parameters, options) => inTree(() => trx.query(sql, parameters, options)),
          });
          assertHeld();
          return result;
        }),
      ),
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
    // A process that takes the lock over writes another one, so one look is enough, also right after this process was
    // suspended.
    const ownerFile = path.join(directory, 'lock-owner');
    const owner = randomUUID();
    await writeFile(ownerFile, owner);
    const isHeld = () => {
      if (!lost && ownerIn(ownerFile) !== owner) lost = new Error('the lock was taken over');
      return !lost;
    };
    return {
      isHeld,
      assertHeld() {
        if (!isHeld()) throw lockedError(directory, lost);
      },
      async release() {
        if (!isHeld()) return;
        await rm(ownerFile);
        await release();
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

/** Undefined where the process that took over is done already. */
function ownerIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function lockedError(directory: string, cause: Error | undefined): FatalError {
  return new FatalError(
    'locked',
    `another process works with the embedded database in ${directory}. Wait until it has ended and run again.`,
    { cause },
  );
}
