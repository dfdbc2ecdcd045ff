import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { sharesSessions } from '../../src/store/pooling.ts';
import type { Database } from '../../src/store/tables.ts';
import { testDatabase } from '../support/postgres.ts';

const { url, close } = await testDatabase();
afterAll(close);

type OpenConnection = () => Kysely<Database>;

/** The database may be dropped while a session is still ending. */
function poolOf(max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max });
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', () => {});
  return pool;
}

/** What a pooler in transaction mode is: many connections on few sessions, one of them for each transaction. */
function behindPooler(sessions: number): OpenConnection {
  const pool = poolOf(sessions);
  onTestFinished(() => pool.end());
  return sharing(pool);
}

/** The same with so many sessions, used in turn: the one idle for longest is the next. */
async function inTurn(sessions: number): Promise<OpenConnection> {
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

function sharing(pool: PostgresPool): OpenConnection {
  const shared = new PostgresDialect({ pool });
  const lasting = { createDriver: () => Object.assign(shared.createDriver(), { destroy: async () => {} }) };
  return () =>
    new Kysely<Database>({
      dialect: {
        ...lasting,
        createAdapter: () => shared.createAdapter(),
        createIntrospector: (db) => shared.createIntrospector(db),
        createQueryCompiler: () => shared.createQueryCompiler(),
      },
    });
}

describe('sessions that are shared', () => {
  test('are not seen on a server that is reached directly', async () => {
    const direct = () =>
      new Kysely<Database>({
        dialect: new PostgresDialect({ pool: poolOf(1) }),
      });
    expect(await sharesSessions(direct)).toBe(false);
  });

  test.each([1, 2, 5])('are seen where a pooler has %i of them', async (sessions) => {
    expect(await sharesSessions(behindPooler(sessions))).toBe(true);
  });

  test.each([2, 3, 4])('are seen where %i of them come round in turn', async (sessions) => {
    expect(await sharesSessions(await inTurn(sessions))).toBe(true);
  });

  test('are seen where transactions of others take them in turn', async () => {
    const pooled = behindPooler(3);
    const others = pooled();
    let done = false;
    const busy = [1, 2].map(async () => {
      while (!done) await others.transaction().execute((trx) => sql`select pg_sleep(0.005)`.execute(trx));
    });
    expect(await sharesSessions(pooled)).toBe(true);
    done = true;
    await Promise.all(busy);
  });
});
