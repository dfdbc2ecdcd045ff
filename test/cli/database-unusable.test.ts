import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

async function migrate(url: string) {
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url },
    sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
  });
  return call(['migrate'], config);
}

beforeAll(async () => {
  for (const statement of [
    `create role stranger login password 'stranger'`,
    'create database "No-Entry"',
    'revoke connect on database "No-Entry" from public',
    'create database closed allow_connections false',
  ])
    await query(server.url, statement);
});

const noPassword = 'asks for a password, and none is given. Put it into database.url';
test.each([
  ['no password', () => server.url.replace(/:[^:@/]+@/, '@'), noPassword],
  ['an empty password', () => server.url.replace(/:[^:@/]+@/, ':@'), noPassword],
  [
    'TLS from a server that has none',
    () => `${server.url}?sslmode=require`,
    'does not support SSL connections. Check database.url against what the server offers',
  ],
  [
    'no right to connect',
    () => databaseUrl(server.url, 'No-Entry').replace('postgres:postgres@', 'stranger:stranger@'),
    '(SQLSTATE 42501). As the database\'s owner run: grant connect on database "No-Entry" to "stranger"\n',
  ],
  [
    'a database that takes no connections',
    () => databaseUrl(server.url, 'closed'),
    '(SQLSTATE 55000). As the database\'s owner run: alter database "closed" allow_connections true\n',
  ],
])('7, with what to do: %s', async (_, url, says) => {
  const result = await migrate(url());
  expect(result.exitCode).toBe(7);
  expect(result.stderr).toContain(says);
});

test('7: migrations that were forgotten', async () => {
  expect(await migrate(server.url)).toMatchObject({ exitCode: 0 });
  await query(server.url, `delete from obs.schema_migration where name like '0001%'`);
  const result = await migrate(server.url);
  expect(result.exitCode).toBe(7);
  expect(result.stderr).toMatch(/the migrations do not fit the schema obs .*Nothing was changed/);
});
