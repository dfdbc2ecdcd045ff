import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
const database = await testDatabase();
const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-changes-'));
const source = { baseUrl: simulator.baseUrl, locale: 'en_US' };
const config = await writeConfig(directory, {
  database: { url: database.url },
  sources: [
    { name: 'one', vdns: ['1-3'], ...source },
    { name: 'two', vdns: [9], ...source },
  ],
});

interface Feed {
  changes: { vdnId: number }[];
  firstLists: { vdnId: number }[];
}

const changes = (...args: string[]) => call(['changes', ...args], config);

async function sync() {
  expect(await call(['sync', '--json'], config)).toMatchObject({ exitCode: 0 });
}

beforeAll(async () => {
  await sync();
  for (const vdnId of [1, 2, 3]) simulator.vdn(vdnId).change('00605', 'Busy \u001b[2Jnow.');
  simulator.vdn(1).remove('00604');
  simulator.vdn(9).add('00999\u001b[2J', 'New.');
  await sync();
  simulator.vdn(1).add('00604', 'Rejected again.');
  await sync();
});

afterAll(async () => {
  await simulator.close();
  await database.close();
  await rm(directory, { recursive: true });
});

describe('changes --json', () => {
  test('lists each change with both texts, oldest first, and the first lists as a whole', async () => {
    const result = await changes('--json');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const at = { changedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) };
    const busy = {
      kind: 'changed',
      obsCode: '00605',
      before: 'The switch is busy.',
      after: 'Busy \u001b[2Jnow.',
    };
    const feed = result.json() as Feed;
    const ofSecondRun = feed.changes.slice(0, -1).sort((a, b) => a.vdnId - b.vdnId);
    expect([...ofSecondRun, feed.changes.at(-1)]).toEqual([
      {
        ...at,
        source: 'one',
        vdnId: 1,
        runId: 2,
        kind: 'removed',
        obsCode: '00604',
        before: 'The call is rejected.',
        after: null,
      },
      { ...at, source: 'one', vdnId: 1, runId: 2, ...busy },
      { ...at, source: 'one', vdnId: 2, runId: 2, ...busy },
      { ...at, source: 'one', vdnId: 3, runId: 2, ...busy },
      {
        ...at,
        source: 'two',
        vdnId: 9,
        runId: 2,
        kind: 'added',
        obsCode: '00999\u001b[2J',
        before: null,
        after: 'New.',
      },
      {
        ...at,
        ...{ source: 'one', vdnId: 1, runId: 3, kind: 'returned', obsCode: '00604' },
        ...{ before: 'The call is rejected.', after: 'Rejected again.' },
      },
    ]);
    expect(feed.firstLists.sort((a, b) => a.vdnId - b.vdnId)).toEqual(
      [1, 2, 3, 9].map((vdnId) => ({ ...at, source: vdnId === 9 ? 'two' : 'one', vdnId, codes: 10 })),
    );
  });

  test.each([
    ['--source', 'two', [9]],
    ['--vdn', '2-3', [2, 3]],
  ])('narrows down by %s %s', async (option, value, vdnIds) => {
    const { changes: found, firstLists } = (await changes('--json', option, value)).json() as Feed;
    expect(found.map(({ vdnId }) => vdnId).sort()).toEqual(vdnIds);
    expect(firstLists.map(({ vdnId }) => vdnId).sort()).toEqual(vdnIds);
  });
});

describe('changes for people', () => {
  test('puts what a run changed alike in many VDNs into one row', async () => {
    const { exitCode, stdout } = await changes();
    expect(exitCode).toBe(0);
    const rows = stdout.split('\n').filter((line) => /^(added|changed|removed|returned) /.test(line));
    expect(rows).toHaveLength(4);
    expect(rows.find((row) => row.includes('00605'))).toMatch(
      /^changed +00605 +The switch is busy\. +Busy \\u\{1b\}\[2Jnow\. +1-3$/,
    );
    expect(stdout).toMatch(/^one, run 2, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m);
    expect(stdout).toContain('1 added, 3 changed, 1 removed, 1 returned');
    expect(stdout).toContain('one: first list of VDN 1-3, 30 codes.');
    expect(stdout).not.toContain('\u001b');
  });

  test('looks back to a date as well as for a duration', async () => {
    const today = new Date().toISOString().slice(0, 10);
    expect((await changes('--since', '2020-02-29')).stdout).toContain('1 added, 3 changed');
    expect((await changes('--since', `${Number(today.slice(0, 4)) + 1}-01-01`)).stdout).toMatch(
      /^No code was changed since \d{4}-01-01 00:00:00 UTC\.$/m,
    );
  });

  test('says that there was nothing', async () => {
    expect(await changes('--since', '1ms')).toMatchObject({
      exitCode: 0,
      stdout: 'No code was changed in the last 1 ms.\n',
    });
  });
});

describe('changes refuses', () => {
  test.each([
    [['--source', 'tow'], 2, 'usage', 'The database has no source tow; it has one, two.'],
    [['--vdn', '3-4', '--source', 'one'], 2, 'usage', 'The database has no VDN 4 of one.'],
    [['--since', 'yesterday'], 2, 'usage', 'a duration such as 7d, or a date such as 2026-11-24'],
    [['--since', '2026-02-30'], 2, 'usage', 'a date such as 2026-11-24'],
  ])('%j with exit code %i, and one JSON object', async (args, exitCode, code, message) => {
    const result = await changes('--json', ...args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.json()).toEqual({ error: { code, message: expect.stringContaining(message) } });
    expect(result.stderr).toContain(message);
  });

  test('a database without the tables, naming the command to run', async () => {
    const empty = await temporaryDirectory();
    const elsewhere = await writeConfig(empty, {
      database: { url: database.url, schema: 'elsewhere' },
      sources: [{ baseUrl: simulator.baseUrl, vdns: [1] }],
    });
    const result = await call(['changes'], elsewhere);
    expect(result).toMatchObject({ exitCode: 7, stdout: '' });
    expect(result.stderr).toContain('migrate');
  });
});
