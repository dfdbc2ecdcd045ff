import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../src/observe/logger.ts';
import { type OpenDatabase, openDatabase } from '../../src/store/database.ts';
import { sharesSessions } from '../../src/store/pooling.ts';
import type { Database } from '../../src/store/tables.ts';
import { runSync } from '../../src/sync/run.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';

const { url, close } = await testDatabase();
const database = await openDatabase({ url, schema: 'obs' });
afterAll(async () => {
  await database.close();
  await close();
});

/** What a pooler in transaction mode is: many connections on few sessions, one of them for each transaction. */
function behindPooler(sessions: number): OpenDatabase {
  const pool = new pg.Pool({ connectionString: url, max: sessions });
  onTestFinished(() => pool.end());
  return sharing(pool);
}

/** The same with so many sessions that come round in turn: whichever was left alone for longest is the next. */
async function inTurn(sessions: number): Promise<OpenDatabase> {
  const clients = await Promise.all(
    Array.from({ length: sessions }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      onTestFinished(() => client.end());
      return client;
    }),
  );
  const free = clients.map((client) =>
    Object.assign(client, { release: () => void free.push(client as Lent) }),
  );
  type Lent = (typeof free)[number];
  return sharing({
    connect: async () => {
      const next = free.shift();
      if (next === undefined) throw new Error('the sessions are all taken');
      return next;
    },
    end: async () => {},
    options: {},
  });
}

function sharing(pool: PostgresPool): OpenDatabase {
  const shared = new PostgresDialect({ pool, onCreateConnection: async () => {} });
  const lasting = { createDriver: () => Object.assign(shared.createDriver(), { destroy: async () => {} }) };
  return {
    ...database,
    openLockConnection: () =>
      new Kysely<Database>({
        dialect: {
          ...lasting,
          createAdapter: () => shared.createAdapter(),
          createIntrospector: (db) => shared.createIntrospector(db),
          createQueryCompiler: () => shared.createQueryCompiler(),
        },
      }),
  };
}

describe('sessions that are shared', () => {
  test('are not seen on a server that is reached directly', async () => {
    expect(await sharesSessions(database)).toBe(false);
  });

  test.each([1, 2, 5])('are seen where a pooler has %i of them', async (sessions) => {
    expect(await sharesSessions(behindPooler(sessions))).toBe(true);
  });

  test.each([2, 3, 4])('are seen where %i of them come round in turn', async (sessions) => {
    expect(await sharesSessions(await inTurn(sessions))).toBe(true);
  });

  test('are seen where transactions of others take them in turn', async () => {
    const pooled = behindPooler(3);
    const others = pooled.openLockConnection?.();
    let done = false;
    const busy = [1, 2].map(async () => {
      while (!done) await others?.transaction().execute((trx) => sql`select pg_sleep(0.005)`.execute(trx));
    });
    expect(await sharesSessions(pooled)).toBe(true);
    done = true;
    await Promise.all(busy);
  });

  test('are refused by a run, before it leaves a lock in one of them', async () => {
    const plan = {
      ...{
        selection: [],
        guard: {
          removedShare: 0.2,
          rewrittenShare: 0.5,
          atLeast: 3,
          source: { removedShare: 1, atLeast: 1 },
        },
        maxDurationMs: 60_000,
      },
      ...{ retentionMs: 60_000, maxAgeMs: undefined, approvals: new Set<string>(), dryRun: false },
      origin: { trigger: 'cli', arguments: 'sync', shard: null, version: '0', host: 'here' },
    } as const;
    const observer = { started() {}, attempted() {}, concluded() {} };
    const surroundings = {
      signal: new AbortController().signal,
      logger: createLogger('silent', () => {}),
      observer,
    };
    await expect(runSync(behindPooler(2), plan, surroundings)).rejects.toMatchObject({
      code: 'database-unusable',
      message: expect.stringContaining('session pooling'),
    });
    expect(await query(url, `select from obs.sync_run`)).toEqual([]);
    expect(
      await query(
        url,
        `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      ),
    ).toEqual([]);
  });

  test('are not looked for in the embedded database', async () => {
    expect(await sharesSessions({ ...database, openLockConnection: undefined })).toBe(false);
  });
});

test("the lock's connection outlives hours of idling, and the server notices within minutes where its client is gone", async () => {
  const name = new URL(url).pathname.slice(1);
  await query(url, `alter database ${name} set idle_session_timeout = '1h'`);
  const connection = database.openLockConnection?.();
  if (connection === undefined) throw new Error('a server has a connection for locks');
  onTestFinished(() => connection.destroy());
  const names = [
    'idle_session_timeout',
    'tcp_keepalives_idle',
    'tcp_keepalives_interval',
    'tcp_keepalives_count',
  ];
  const settings = await Promise.all(
    names.map(async (setting) => {
      const { rows } = await sql<{
        value: number;
      }>`select setting::integer as value from pg_settings where name = ${setting}`.execute(connection);
      return rows[0]?.value;
    }),
  );
  // In milliseconds and seconds: 0 is never; after 30 s of silence three questions, 10 s apart.
  expect(settings).toEqual([0, 30, 10, 3]);
});
