import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { freePort } from '../support/embedded-server.ts';
import { call } from '../support/in-process.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Where Debian and others put it; undefined where it is not installed. */
const pgbouncer = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((file) =>
  existsSync(file),
);

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

/** It refuses root. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/**
 * Starts PgBouncer before a server, for one test.
 *
 * @param url of a database on the server; every client gets this one, as its user
 * @param poolSize connections that it makes to the server
 * @returns the URL of the same database through it
 */
async function startPgbouncer(
  url: string,
  mode: 'session' | 'transaction' | 'statement',
  poolSize: number,
): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const directory = await temporaryDirectory();
  const ownPort = await freePort();
  const file = path.join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]
* = host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
`,
  );
  for (const each of [directory, file]) await chmod(each, 0o755);
  const child = spawn(pgbouncer ?? 'pgbouncer', [file], { ...unprivileged, stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await listening(ownPort);
  return `postgres://client@127.0.0.1:${ownPort}${pathname}`;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = createConnection(port, '127.0.0.1');
    const [opened] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      once(socket, 'error')
        .catch(() => [])
        .then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    if (opened) return;
    await pause(25);
  }
  throw new Error('PgBouncer does not listen');
}
