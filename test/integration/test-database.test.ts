import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { startEmbeddedServer, testDatabase } from '../support/postgres.ts';

const databases = await Promise.all([testDatabase(), testDatabase()]);
afterAll(() => Promise.all(databases.map((database) => database.close())));

async function rows(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let last: unknown[] = [];
    for (const statement of statements) ({ rows: last } = await client.query(statement));
    return last;
  } finally {
    await client.end();
  }
}

test('two test databases are migrated and share nothing', async () => {
  const insert = `insert into obs.vdn (source, vdn_id) values ('a', 1)`;
  for (const { url } of databases) {
    expect(await rows(url, insert, 'select count(*)::int as vdns from obs.vdn')).toEqual([{ vdns: 1 }]);
  }
});

test('text is not ordered by bytes, so that a missing collation shows', async () => {
  const [database] = databases;
  const ordered = `select v from (values ('B'), ('a')) as t (v) order by v`;
  expect(await rows(database.url, ordered)).toEqual([{ v: 'a' }, { v: 'B' }]);
});

test('a server of its own keeps port and data over a stop, in order or not', async () => {
  const server = await startEmbeddedServer();
  try {
    await rows(server.url, 'create table kept (id integer)');
    for (const mode of ['fast', 'immediate'] as const) {
      await server.stop(mode);
      await expect(rows(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
      await server.start();
      await rows(server.url, 'insert into kept values (1)');
    }
    expect(await rows(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 2 }]);
  } finally {
    await server.close();
  }
  await expect(rows(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('a server over TLS refuses other connections, and its certificate can be verified', async () => {
  const server = await startEmbeddedServer({ tls: true });
  try {
    const verified = `${server.url}?sslmode=verify-full&sslrootcert=${server.caFile}`;
    const question = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await rows(verified, question)).toEqual([{ ssl: true }]);
    await expect(rows(server.url, question)).rejects.toThrow('no encryption');
  } finally {
    await server.close();
  }
});
