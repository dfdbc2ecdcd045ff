import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { pgbouncer, startPgbouncer } from '../support/pgbouncer.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

if (pgbouncer === undefined)
  process.stderr.write('PgBouncer is not installed: what happens behind it is not tried.\n');

const server = await startEmbeddedServer();
const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 5 });
afterAll(() => Promise.all([server.close(), simulator.close()]));

const direct = databaseUrl(server.url, 'pooled');

async function command(url: string, ...args: string[]) {
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1] }],
  });
  return call(args, config);
}

describe.skipIf(pgbouncer === undefined)('behind PgBouncer', () => {
  beforeAll(async () => {
    await query(server.url, 'create database pooled');
    await migrate(direct);
  });

  test('pooling by session: a run works', async () => {
    const url = await startPgbouncer(direct, 'session', 5);
    expect(await command(url, 'sync')).toMatchObject({ exitCode: 0 });
    expect(await command(url, 'check')).toMatchObject({ exitCode: 0 });
  });

  test('pooling by transaction: what writes is 7, what reads works, and nothing is left in a session', async () => {
    const url = await startPgbouncer(direct, 'transaction', 2);
    const writing = [['sync', '--json'], ['sync', '--dry-run', '--json'], ['migrate'], ['check']];
    const reading = [['status', '--json'], ['changes'], ['status', '--html', '/dev/null']];
    await Promise.all([
      ...writing.map(async (args) => {
        const { exitCode, stdout, stderr } = await command(url, ...args);
        expect({ args, exitCode }).toEqual({ args, exitCode: 7 });
        expect(stdout + stderr).toContain('session pooling');
      }),
      ...reading.map(async (args) =>
        expect({ args, ...(await command(url, ...args)) }).toMatchObject({ args, exitCode: 0 }),
      ),
    ]);
    const settings = ['search_path', 'statement_timeout', 'lock_timeout', 'timezone', 'row_security'];
    for (const name of settings) {
      const [own] = await query(direct, `show ${name}`);
      // Both sessions of the pool, side by side.
      const asked = await Promise.all(
        [1, 2].map(() => query(url, `select pg_sleep(0.1), current_setting('${name}') as value`)),
      );
      for (const [row] of asked) expect(Object(row).value).toBe(Object.values(own ?? {})[0]);
    }
    expect(await query(direct, `select from pg_locks where locktype = 'advisory'`)).toEqual([]);
  });

  test('pooling by statement is 7 too', async () => {
    const url = await startPgbouncer(direct, 'statement', 1);
    expect(await command(url, 'sync', '--json')).toMatchObject({ exitCode: 7 });
  });
});
