import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { createClient } from '../../src/isales/client.ts';
import { ServerQueue } from '../../src/isales/server-queue.ts';
import type { RunSummary } from '../../src/sync/summary.ts';
import { type CommandResult, start } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { startOnTerminal } from '../support/terminal.ts';
import { databaseText, leaks, markedDatabase } from './secrets-marks.ts';
import { type FailingSource, failingSources } from './secrets-sources.ts';

let database: Awaited<ReturnType<typeof markedDatabase>>;
let sources: FailingSource[];
let directory: string;
let config: string;
let synced: CommandResult;

beforeAll(async () => {
  database = await markedDatabase();
  sources = await failingSources();
  directory = await mkdtemp(path.join(os.tmpdir(), 'obs-secrets-'));
  config = await writeConfig(directory, {
    database: { url: database.url },
    sources: sources.map(({ source }) => source),
    schedule: { cron: '* * * * * *' },
    http: { port: 0 },
    log: { level: 'trace' },
  });
  synced = await call(['sync', '--json', ...trace], config);
});
afterAll(async () => {
  await Promise.all(sources.map((source) => source.close()));
  await database.close();
  await rm(directory, { recursive: true });
});

const trace = ['--log-level', 'trace'];
const signatures = () => sources.flatMap((source) => source.signatures());

function expectNoSecret(text: string): void {
  expect(signatures().length).toBeGreaterThan(20);
  expect(leaks(text, signatures())).toEqual([]);
}

test('sync shows none, with any answer of its sources', async () => {
  expect(synced.exitCode).toBe(5);
  const { outcomes } = synced.json() as RunSummary;
  expect(outcomes.map(({ source }) => source).toSorted()).toEqual(
    sources.map(({ source }) => source.name).toSorted(),
  );
  expectNoSecret(synced.stdout + synced.stderr);
  const dry = await call(['sync', '--dry-run', ...trace], config);
  expectNoSecret(dry.stdout + dry.stderr);
  // What was hidden is seen to be hidden.
  expect(synced.stdout).toContain('[hidden]');
});

test('sync on a terminal shows none', async () => {
  const { stdout } = await startOnTerminal(['sync', ...trace], { config }).exit;
  expect(stdout).toContain('[hidden]');
  expectNoSecret(stdout);
});

test('check shows none, also where it tries other ways to sign', async () => {
  const result = await call(['check', ...trace], config);
  expect(result.exitCode).toBeGreaterThan(2);
  expect(result.stdout).toContain('none of the documented ways to sign is accepted');
  expectNoSecret(result.stdout + result.stderr);
});

test('schedule shows none, neither in its log nor in what it serves', async () => {
  const command = start(['schedule', ...trace], { config });
  const [, url] = await command.waitForOutput(/"url":"(.+?)"/);
  await command.waitForOutput(/"run failed"/, 40_000);
  const served = await Promise.all(
    ['/', '/healthz', '/readyz', '/metrics'].map(async (page) => (await fetch(`${url}${page}`)).text()),
  );
  command.signal('SIGTERM');
  const { exitCode, stdout, stderr } = await command.exit;
  expect(exitCode).toBe(143);
  expectNoSecret([...served, stdout, stderr].join('\n'));
});

test('the database holds none, and what reads it shows none', async () => {
  for (const args of [
    ['status'],
    ['status', '--json'],
    ['changes'],
    ['changes', '--json'],
    ['migrate', '--status'],
  ]) {
    const { exitCode, stdout, stderr } = await call([...args, ...trace], config);
    expect(exitCode).toBe(0);
    expectNoSecret(stdout + stderr);
  }
  const page = path.join(directory, 'status.html');
  expect(await call(['status', '--html', page], config)).toMatchObject({ exitCode: 0 });
  const stored = (await databaseText(database.ownUrl)) + (await readFile(page, 'utf8'));
  expect(stored).toContain('isales-error');
  expect(stored).toContain('[hidden]');
  expectNoSecret(stored);
});

test('no error of the client holds one, however deep one looks', async () => {
  const parsed = configSchema('/').parse({
    database: { url: database.url },
    sources: sources.map(({ source }) => source),
  });
  for (const source of parsed.sources) {
    const queue = new ServerQueue({ concurrency: 1, outageMs: 1 });
    const client = createClient({ ...source, retries: 0, timeoutMs: 500 }, queue);
    const ask = { vdnId: 1, pageNum: 1, pageSize: 5 };
    const error = await client
      .fetchPage(ask, new AbortController().signal, () => {})
      .catch((cause: unknown) => cause);
    client.close();
    queue.close();
    // Of a list with a page too short no request fails.
    if (source.name !== 'short') expect(error).toBeInstanceOf(Error);
    expectNoSecret(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }));
  }
});
