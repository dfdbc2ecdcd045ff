import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from './embedded-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Where Debian and others put it; undefined where it is not installed. */
export const pgbouncer = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(
  (file) => existsSync(file),
);

/** It refuses root. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/**
 * Starts PgBouncer before a server, for one test.
 *
 * @param url of a database on the server; every client gets this one, as its user
 * @param poolSize connections that it makes to the server
 * @returns the URL of the same database through it
 */
export async function startPgbouncer(
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
