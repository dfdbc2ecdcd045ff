import { afterAll, expect, test } from 'vitest';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
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

test.each([
  ['no password', () => server.url.replace(/:[^:@/]+@/, '@'), 'asks for a password, and none is given'],
  [
    'an empty password',
    () => server.url.replace(/:[^:@/]+@/, ':@'),
    'asks for a password, and none is given',
  ],
  ['TLS from a server that has none', () => `${server.url}?sslmode=require`, 'does not support SSL'],
])('7, with what to do: %s', async (_, url, says) => {
  const result = await migrate(url());
  expect(result.exitCode).toBe(7);
  expect(result.stderr).toContain(says);
  expect(result.stderr).toContain('Check database.url against what the server offers');
});

test('7: migrations that were forgotten', async () => {
  expect(await migrate(server.url)).toMatchObject({ exitCode: 0 });
  await query(server.url, `delete from obs.schema_migration where name like '0001%'`);
  const result = await migrate(server.url);
  expect(result.exitCode).toBe(7);
  expect(result.stderr).toMatch(/the migrations do not fit the schema obs .*Nothing was changed/);
});
