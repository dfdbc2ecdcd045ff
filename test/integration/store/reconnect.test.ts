import { sql } from 'kysely';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { ConnectionLostError, DatabaseBusyError, DatabaseError } from '../../../src/errors.ts';
import { createLogger } from '../../../src/observe/logger.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { Reconnect } from '../../../src/store/reconnect.ts';
import { startEmbeddedServer } from '../../support/postgres.ts';
import { openSession } from '../../support/sessions.ts';
import { query } from '../../support/template-database.ts';
import { kinds } from './opened.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

async function opened(): Promise<OpenDatabase> {
  const database = await openDatabase({ url: server.url, schema: 'public' });
  onTestFinished(() => database.close());
  return database;
}

function reconnect(database: OpenDatabase, waitMs: number, signal = new AbortController().signal): Reconnect {
  return new Reconnect(
    database,
    signal,
    createLogger('silent', () => {}),
    { waitMs },
  );
}

const one = ({ db }: OpenDatabase) => sql`select 1`.execute(db);

/** Whether new transactions of this server are read-only. */
async function readOnly(value: 'on' | 'off'): Promise<void> {
  await query(server.url, `alter system set default_transaction_read_only = ${value}`);
  await query(server.url, 'select pg_reload_conf(), pg_sleep(0.1)');
}

test('work is repeated once the server is back; concurrent work shares one wait', async () => {
  const database = await opened();
  await one(database);
  const waiting = reconnect(database, 30_000);
  await server.stop('immediate');
  const works = [1, 2, 3].map(() => waiting.retry(() => one(database)));
  await server.start();
  await expect(Promise.all(works)).resolves.toHaveLength(3);
});

test('a server that stays away is database-unreachable; a signal cuts the wait short with its reason', async () => {
  const database = await opened();
  await server.stop('immediate');
  onTestFinished(() => server.start());
  await expect(reconnect(database, 700).retry(() => one(database))).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  const stopping = new AbortController();
  const stopped = reconnect(database, 30_000, stopping.signal).whenWritable();
  stopping.abort(new Error('told to stop'));
  await expect(stopped).rejects.toThrow('told to stop');
});

test('a server that is read-only is not back; connections to it are not used again', async () => {
  const database = await opened();
  await query(server.url, 'create table written (id integer)');
  await readOnly('on');
  onTestFinished(() => readOnly('off'));
  const write = () => sql`insert into written values (1)`.execute(database.db);
  await expect(write()).rejects.toThrow(DatabaseBusyError);
  await expect(reconnect(database, 700).retry(write)).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringContaining('read-only'),
  });
  const written = reconnect(database, 30_000).retry(write);
  await readOnly('off');
  await written;
});

test('a lock that another session keeps is waited for no longer than the wait, then reported', async () => {
  const database = await opened();
  await query(server.url, 'create table locked (id integer)');
  const session = await openSession(server.url);
  await session.query('begin; lock table locked');
  let attempts = 0;
  const wait = () => {
    attempts++;
    return database.db.transaction().execute(async (trx) => {
      await sql`set local lock_timeout = '50ms'`.execute(trx);
      await sql`select from locked`.execute(trx);
    });
  };
  await expect(reconnect(database, 1_000).retry(wait)).rejects.toMatchObject({
    name: 'DatabaseBusyError',
    sqlState: '55P03',
  });
  expect(attempts).toBeGreaterThan(1);
  const waiting = reconnect(database, 30_000).retry(wait);
  await session.query('commit');
  await waiting;
});

test('what the database refuses is thrown at once', async () => {
  const database = await opened();
  const missing = () => sql`select from nowhere`.execute(database.db);
  await expect(reconnect(database, 30_000).retry(missing)).rejects.toMatchObject({ sqlState: '42P01' });
});

describe.each(Object.entries(kinds))('all that a query throws is of the error tree, on %s', (_, open) => {
  test('in a statement, in a transaction, and at its commit', async () => {
    const database = await open();
    onTestFinished(() => database.close());
    const { db } = database;
    await sql`create table late (id integer unique deferrable initially deferred)`.execute(db);
    const division = db.transaction().execute((trx) => sql`select 1 / 0`.execute(trx));
    await expect(division).rejects.toMatchObject({
      name: 'DatabaseError',
      sqlState: '22012',
      message: 'division by zero (SQLSTATE 22012)',
    });
    await expect(sql`select nothing`.execute(db)).rejects.toThrow(DatabaseError);
    const commit = db.transaction().execute((trx) => sql`insert into late values (1), (1)`.execute(trx));
    await expect(commit).rejects.toMatchObject({ name: 'DatabaseError', sqlState: '23505' });
  });
});

test('a bug in the calling code is not an error of the database', async () => {
  const { db } = await opened();
  const bug = new Error('a bug');
  await expect(db.transaction().execute(() => Promise.reject(bug))).rejects.toBe(bug);
});

test('an ended session is a lost connection, also where it is idle in a transaction', async () => {
  const database = await opened();
  const ended = sql`select pg_terminate_backend(pg_backend_pid())`.execute(database.db);
  await expect(ended).rejects.toThrow(ConnectionLostError);
  const idle = database.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await query(server.url, `select pg_terminate_backend(${rows[0]?.pid}, 5000)`);
    await sql`select 1`.execute(trx);
  });
  await expect(idle).rejects.toThrow(ConnectionLostError);
});
