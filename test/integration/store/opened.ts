import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import { onTestFinished } from 'vitest';
import type { CompleteSnapshot } from '../../../src/domain/complete-snapshot.ts';
import type { Difference } from '../../../src/domain/diff.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { createLogger } from '../../../src/observe/logger.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { openRunStore, type RunScope, type RunStore } from '../../../src/store/run-store.ts';
import type { OutcomeRecord } from '../../../src/store/write-outcomes.ts';
import { embeddedDatabase } from '../../support/embedded-template.ts';
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
    const directory = await embeddedDatabase();
    const database = await openDatabase({ url: `pglite:${directory}`, schema: 'obs' });
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
  readonly store: RunStore;
  /** What every record needs; the VDN's state is the one of now. */
  about(): Promise<Pick<OutcomeRecord, 'source' | 'vdnId' | 'lastVerifiedAt' | 'requests' | 'durationMs'>>;
  /** What a run records that has read this list and lets it pass. */
  changed(list: readonly ResultCode[]): Promise<OutcomeRecord>;
  compare(list: readonly ResultCode[]): Promise<{ snapshot: CompleteSnapshot; difference: Difference }>;
  /** Brings the VDN to this list, as a run does that has read it. */
  apply(list: readonly ResultCode[]): Promise<void>;
  end(): Promise<void>;
}

/** Begins a run for a test. End it before the next one on the same source. */
export async function beginRun(
  database: OpenDatabase,
  source = 'prod',
  vdnId = 1,
  vdnIds: readonly number[] = [vdnId],
): Promise<Writer> {
  const scope = { ...scopeOf(source, vdnIds), dryRun: false };
  const store = await openRunStore(database, scope, new AbortController().signal, quiet);
  // Where the test fails before it ends its run, the tests after it shall not wait for the lock.
  onTestFinished(() => store.close());
  const about: Writer['about'] = async () => {
    const state = (await store.states(source, undefined)).find((one) => one.vdnId === vdnId);
    if (state === undefined) throw new Error('the VDN has no state');
    return { source, vdnId, lastVerifiedAt: state.lastVerifiedAt, requests: 1, durationMs: 5 };
  };
  const compare: Writer['compare'] = async (list) => {
    const snapshot = snapshotOf(list);
    return { snapshot, difference: await store.compare(source, vdnId, snapshot) };
  };
  const changed: Writer['changed'] = async (list) => {
    const { snapshot, difference } = await compare(list);
    const outcome = { outcome: 'changed', codeCount: snapshot.codes.size, approvedPlan: undefined } as const;
    return { ...(await about()), ...outcome, difference };
  };
  return {
    ...{ store, about, compare, changed },
    runId: store.runId ?? Number.NaN,
    apply: async (list) => store.record(await changed(list)),
    async end() {
      await store.close();
      await locksReleased(database);
    },
  };
}

/** A run over these VDNs, all that the source is configured with. */
export function scopeOf(source: string, vdnIds: readonly number[]): RunScope {
  return {
    sources: [{ name: source, server: 'cc.example.com:28443', locale: 'en_US', vdnIds }],
    ...{
      vdnsTotal: vdnIds.length,
      marksUnconfigured: false,
      staleAfterMs: 1,
      retentionMs: 1e12,
      dryRun: true,
    },
    origin: { trigger: 'cli', arguments: 'sync', shard: null, version: '0', host: 'test' },
  };
}

export const quiet = createLogger('silent', () => {});

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
