import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { onTestFinished } from 'vitest';
import type { CompleteSnapshot } from '../../../src/domain/complete-snapshot.ts';
import { type Difference, diff } from '../../../src/domain/diff.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { applyDifference } from '../../../src/store/apply.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import type { VdnWrite } from '../../../src/store/outcomes.ts';
import { type RunLock, takeRunLock } from '../../../src/store/run-lock.ts';
import { startRun } from '../../../src/store/run-log.ts';
import { storedCodes } from '../../../src/store/stored-codes.ts';
import { loadVdnStates, prepareVdns } from '../../../src/store/vdn-states.ts';
import { testDatabase } from '../../support/postgres.ts';
import { until } from '../../support/sessions.ts';
import { snapshotOf } from '../../unit/domain/pages.ts';

export type Row = Record<string, unknown>;

/** The migrated databases that the program works with: a server's and the embedded one. */
export const kinds = {
  'a Postgres server': async (): Promise<OpenDatabase> => {
    const { url, close } = await testDatabase();
    return closingAlso(await openDatabase({ url, schema: 'obs' }), close);
  },
  'the embedded database': async (): Promise<OpenDatabase> => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-embedded-'));
    const database = await openDatabase({ url: `pglite:${directory}`, schema: 'obs' });
    await migrateToLatest(database);
    return closingAlso(database, () => rm(directory, { recursive: true }));
  },
} as const;

function closingAlso(database: OpenDatabase, close: () => Promise<void>): OpenDatabase {
  return {
    ...database,
    close: async () => {
      await database.close();
      await close();
    },
  };
}

/** Rows of a statement; the tables are on the search path. */
export async function rowsOf(database: OpenDatabase, statement: string): Promise<Row[]> {
  return (await sql.raw<Row>(statement).execute(database.db)).rows;
}

/** A run that works on one VDN of a source. */
export interface Writer {
  readonly runId: number;
  readonly lock: RunLock;
  /** What a write needs; the VDN's state is the one of now. */
  write(): Promise<VdnWrite>;
  compare(list: readonly ResultCode[]): Promise<{ snapshot: CompleteSnapshot; difference: Difference }>;
  /** Brings the VDN to this list, as a run does that has read it. */
  apply(list: readonly ResultCode[]): Promise<void>;
  end(): Promise<void>;
}

const origin = { trigger: 'cli', arguments: 'sync', shard: null, version: '0', host: 'test' } as const;

/** Begins a run for a test. End it before the next one on the same source. */
export async function beginRun(database: OpenDatabase, source = 'prod', vdnId = 1): Promise<Writer> {
  const { db } = database;
  const lock = await takeRunLock(database, [source]);
  // Where the test fails before it ends its run, the tests after it shall not wait for the lock.
  onTestFinished(() => lock.release());
  const runId = await startRun(db, lock, origin, 1);
  await prepareVdns(db, source, [vdnId]);
  const write = async (): Promise<VdnWrite> => {
    const [state] = await loadVdnStates(db, source, [vdnId], undefined);
    if (state === undefined) throw new Error('the VDN has no state');
    return { source, vdnId, state, runId, lock, requests: 1, durationMs: 5 };
  };
  const compare = async (list: readonly ResultCode[]) => {
    const snapshot = snapshotOf(list);
    return { snapshot, difference: diff(await storedCodes(db, source, vdnId), snapshot) };
  };
  return {
    runId,
    lock,
    write,
    compare,
    async apply(list) {
      const { snapshot, difference } = await compare(list);
      await applyDifference(db, await write(), snapshot, { difference, approvedPlan: undefined });
    },
    async end() {
      await lock.release();
      await locksReleased(database);
    },
  };
}

/** The server ends a session, and with it its locks, a moment after the program has closed the connection. */
export function locksReleased(database: OpenDatabase): Promise<void> {
  const held = `select from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())`;
  return until('no run holds a lock', async () => (await rowsOf(database, held)).length === 0);
}

/** Runs one after the other, each of which brings VDN 1 of the source to one of the lists; gives their ids. */
export async function applyInTurn(
  database: OpenDatabase,
  source: string,
  ...lists: readonly (readonly ResultCode[])[]
): Promise<number[]> {
  const runIds: number[] = [];
  for (const list of lists) {
    const run = await beginRun(database, source);
    try {
      await run.apply(list);
    } finally {
      await run.end();
    }
    runIds.push(run.runId);
  }
  return runIds;
}
