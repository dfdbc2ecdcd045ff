import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { migrateToLatest, requireCurrentSchema } from '../../src/store/migrator.ts';
import { takeRunLock } from '../../src/store/run-lock.ts';
import { start } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { listen } from '../support/listening.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { query } from '../support/template-database.ts';
import { databaseText, leaks, markedDatabase, secretKey } from './secrets-marks.ts';

let marked: Awaited<ReturnType<typeof markedDatabase>>;
let directory: string;

beforeAll(async () => {
  marked = await markedDatabase();
  directory = await mkdtemp(path.join(os.tmpdir(), 'obs-secrets-'));
});
afterAll(async () => {
  await marked.close();
  await rm(directory, { recursive: true });
});

/** Ways in which a database cannot be used, as changes of a URL that works; what ends with 6 and what with 7. */
const broken: Readonly<
  Record<string, { exitCode: 6 | 7; change: (url: URL) => Promise<void> | void; schema?: string }>
> = {
  'nothing listens': {
    exitCode: 6,
    change: async (url) => {
      url.port = String(await unusedPort());
    },
  },
  'the password is wrong': {
    exitCode: 7,
    change: (url) => {
      url.password += 'x';
    },
  },
  'there is no such user': {
    exitCode: 7,
    change: (url) => {
      url.username = 'nobody_known';
    },
  },
  'there is no such database': {
    exitCode: 7,
    change: (url) => {
      url.pathname = '/no_such_database';
    },
  },
  'the server speaks no TLS': {
    exitCode: 7,
    change: (url) => url.searchParams.set('sslmode', 'require'),
  },
  'the schema is missing': { exitCode: 7, change: () => {}, schema: 'elsewhere' },
  'rights are missing': {
    exitCode: 7,
    change: (url) => url.searchParams.set('options', '-c role=pg_monitor'),
  },
};

const commands: readonly (readonly string[])[] = [
  ['check'],
  ['sync', '--json'],
  ['sync', '--dry-run'],
  ['migrate'],
  ['status'],
  ['changes', '--json'],
];

/** Failures that are the same for the program are tried with the first commands only. */
const mostCommands: Readonly<Record<string, number>> = {
  // The others wait for it first.
  'nothing listens': 1,
  'there is no such user': 2,
  'there is no such database': 2,
  'the server speaks no TLS': 2,
  'rights are missing': 2,
};

describe.each(Object.entries(broken))('where %s', (what, { exitCode, change, schema = 'obs' }) => {
  async function brokenUrl(): Promise<string> {
    const url = new URL(marked.url);
    await change(url);
    return url.href;
  }

  test('no command shows the password', async () => {
    const url = await brokenUrl();
    const sources = [{ baseUrl: 'http://127.0.0.1:9', vdns: [1], secretKey, retries: 0 }];
    const config = await writeConfig(directory, { database: { url, schema }, sources });
    // A schema that is missing is what `migrate` is for.
    const failing = commands
      .filter(([name]) => schema === 'obs' || name !== 'migrate')
      .slice(0, mostCommands[what] ?? commands.length);
    await Promise.all(
      failing.map(async (args) => {
        const result = await call([...args, '--log-level', 'trace'], config);
        expect({ args, exitCode: result.exitCode }).toEqual({ args, exitCode });
        expect(leaks(result.stdout + result.stderr)).toEqual([]);
        expect(result.stderr).not.toMatch(/\n {4}at /);
      }),
    );
  });

  test('no error holds it, however deep one looks', async () => {
    const database = await openDatabase({ url: await brokenUrl(), schema });
    try {
      const attempts = [
        () => requireCurrentSchema(database),
        () => (schema === 'obs' ? migrateToLatest(database) : undefined),
        () => takeRunLock(database, ['s']).then((lock) => lock.release()),
      ];
      for (const attempt of attempts) {
        const error = await Promise.resolve(attempt()).catch((cause: unknown) => cause);
        expect(leaks(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }))).toEqual([]);
      }
    } finally {
      await database.close();
    }
  });
});

test('a scheduler that its database refuses shows no password', async () => {
  const url = new URL(marked.url);
  url.password += 'x';
  const config = await writeConfig(directory, {
    database: { url: url.href },
    sources: [{ baseUrl: 'http://127.0.0.1:9', vdns: [1], secretKey }],
    schedule: { cron: '* * * * * *' },
    http: { port: 0 },
  });
  const command = start(['schedule', '--log-level', 'trace'], { config });
  const [, served] = await command.waitForOutput(/"url":"(.+?)"/);
  await command.waitForOutput(/run refused/);
  const pages = await Promise.all(
    ['/readyz', '/metrics'].map(async (page) => (await fetch(`${served}${page}`)).text()),
  );
  command.signal('SIGTERM');
  const { stdout, stderr } = await command.exit;
  expect(leaks([...pages, stdout, stderr].join('\n'))).toEqual([]);
});

test('a run whose database fails in the middle shows no password', async () => {
  const { simulator, sync, startSync } = await syncSetup({ vdns: ['1-3'], databaseUrl: marked.url });
  const shown: string[] = [];
  const keep = ({ stdout, stderr }: { stdout: string; stderr: string }) => shown.push(stdout, stderr);

  await query(
    marked.ownUrl,
    `create function obs.disk_full() returns trigger language plpgsql as $$ begin
       if new.vdn_id = 2 then raise exception 'disk full' using errcode = '53100'; end if; return new; end $$;
     create trigger disk_full before insert on obs.result_code for each row execute function obs.disk_full()`,
  );
  const refused = await sync('--log-level', 'trace');
  expect(refused.json()).toMatchObject({ exitCode: 3, vdns: { changed: 2, failed: 1 } });
  keep(refused);
  await query(marked.ownUrl, 'drop function obs.disk_full() cascade');

  simulator.fault({ kind: 'delay', ms: 1_000, times: 1 });
  const cut = startSync('--log-level', 'trace');
  await cut.waitForOutput(/./);
  await query(
    marked.ownUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${marked.role}'`,
  );
  keep(await cut.exit);

  expect(leaks(shown.join('\n'))).toEqual([]);
  expect(leaks(await databaseText(marked.ownUrl))).toEqual([]);
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
