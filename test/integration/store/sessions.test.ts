import { sql } from 'kysely';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { ConnectionLostError } from '../../../src/errors.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { startEmbeddedServer } from '../../support/postgres.ts';
import { tcpFront } from '../../support/tcp-front.ts';
import { query } from '../../support/template-database.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

async function opened(url: string): Promise<OpenDatabase> {
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => database.close());
  return database;
}

function urlOf(role: string): string {
  const url = new URL(server.url);
  url.username = role;
  url.password = 'secret';
  return url.href;
}

test('what the program relies on holds over all settings of the role; limits of the URL are kept', async () => {
  await query(
    server.url,
    `create role odd login password 'secret';
     alter role odd set DateStyle = 'German';
     alter role odd set IntervalStyle = 'iso_8601';
     alter role odd set TimeZone = 'Asia/Shanghai';
     alter role odd set default_transaction_isolation = 'serializable';
     alter role odd set search_path = 'public, pg_catalog';
     alter role odd set array_nulls = 'off';
     alter role odd set idle_session_timeout = '1min';
     alter role odd set statement_timeout = '100ms';
     alter role odd set transaction_timeout = '1s';
     alter role odd set restrict_nonsystem_relation_kind = 'view';
     alter role odd set lock_timeout = '1ms'`,
  );
  const { db } = await opened(`${urlOf('odd')}?options=${encodeURIComponent('-c lock_timeout=7s')}`);
  const { rows } = await sql`
    select current_setting('search_path') as path, current_setting('transaction_isolation') as isolation,
      current_setting('row_security') as security, current_setting('lock_timeout') as lock,
      current_setting('statement_timeout') as statement, current_setting('idle_session_timeout') as idle,
      current_setting('transaction_timeout') as transaction,
      current_setting('restrict_nonsystem_relation_kind') as restricted,
      interval '36 hours'::text as span, timestamptz '2026-11-25 03:00+08' as instant,
      timestamptz '2026-11-25 03:00+08'::text as shown, ${['a', null]}::text[] as list`.execute(db);
  expect(rows).toEqual([
    {
      path: 'obs, pg_temp',
      isolation: 'read committed',
      security: 'off',
      lock: '7s',
      statement: '1min',
      idle: '0',
      transaction: '0',
      restricted: '',
      span: '36:00:00',
      instant: new Date('2026-11-24T19:00:00Z'),
      shown: '2026-11-24 19:00:00+00',
      list: ['a', null],
    },
  ]);
});

test("others' functions are not called while a session is set up", async () => {
  await query(
    server.url,
    `create role careful login password 'secret'; alter role careful set search_path = 'public, pg_catalog';
     create function public.set_config(text, text, boolean) returns text language plpgsql as $$ begin raise 'called'; end $$;
     create function public.current_setting(text) returns text language plpgsql as $$ begin raise 'called'; end $$`,
  );
  const { db } = await opened(urlOf('careful'));
  await expect(sql`select 1`.execute(db)).resolves.toBeDefined();
});

test('a connection that breaks before it is set up is lost, and closing does not wait for it', async () => {
  const front = await tcpFront(server.port, () => true);
  onTestFinished(front.close);
  const { db, close, openLockConnection } = await openDatabase({
    url: server.url.replace(`:${server.port}/`, `:${front.port}/`),
    schema: 'obs',
  });
  const lock = openLockConnection?.();
  for (const each of [db, lock]) {
    await expect(sql`select 1`.execute(each ?? db)).rejects.toThrow(ConnectionLostError);
  }
  expect(front.connections).toBe(4);
  await Promise.all([close(), lock?.destroy()]);
});

test('a session that the server ends between two queries is lost, and does not count as shared', async () => {
  await query(
    server.url,
    `create role hasty login password 'secret'; alter role hasty set idle_session_timeout = '1ms'`,
  );
  for (let time = 1; time <= 10; time++) {
    const { db } = await opened(urlOf('hasty'));
    const error = await sql`select 1`.execute(db).catch((error: unknown) => error);
    // Where this machine was quick enough, it succeeded.
    if (error instanceof Error) expect(error).toBeInstanceOf(ConnectionLostError);
  }
});

test('a session that cannot be set up is closed, and counts as lost', async () => {
  await query(server.url, `create role refused login password 'secret'`);
  // The settings hold an empty name.
  const database = await openDatabase({ url: urlOf('refused'), schema: '' });
  await expect(sql`select 1`.execute(database.db)).rejects.toMatchObject({
    name: 'ConnectionLostError',
    message: expect.stringMatching(/session could not be set up: zero-length delimited identifier/),
  });
  await database.close();
  expect(await query(server.url, `select from pg_stat_activity where usename = 'refused'`)).toEqual([]);
});

test("the lock's connection outlives hours of idling, and the server notices within minutes where its client is gone", async () => {
  const { openLockConnection } = await opened(server.url);
  const connection = openLockConnection?.();
  if (connection === undefined) throw new Error('a server has a connection for locks');
  onTestFinished(() => connection.destroy());
  const { rows } = await sql`
    select name, setting from pg_settings
    where name = 'idle_session_timeout' or name like 'tcp_keepalives%' order by name`.execute(connection);
  // In milliseconds and seconds: 0 is never; after 30 s of silence three questions, 10 s apart.
  expect(rows).toEqual([
    { name: 'idle_session_timeout', setting: '0' },
    { name: 'tcp_keepalives_count', setting: '3' },
    { name: 'tcp_keepalives_idle', setting: '30' },
    { name: 'tcp_keepalives_interval', setting: '10' },
  ]);
});
