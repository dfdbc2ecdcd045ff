import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { startOnTerminal } from '../support/terminal.ts';
import { accepted } from './hostile-values.ts';

/** VDN 1 has the hostile list, 2 had it and lost it, 3 fails with hostile words, 4 is looked at in dry runs only. */
const vdns = { listed: 1, held: 2, failing: 3, dry: 4 } as const;
const hostileWords = '\u001b]0;owned\u0007\u009b2J\u202e"\\\r\n';
const entries = accepted.map(({ obsCode, obsCodeDesc = null }) => ({ obsCode, obsCodeDesc }));

let simulator: Simulator;
let database: TestDatabase;
let directory: string;
let config: string;

beforeAll(async () => {
  simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 3 });
  database = await testDatabase();
  directory = await mkdtemp(path.join(os.tmpdir(), 'obs-hostile-'));
  const source = { baseUrl: simulator.baseUrl, vdns: ['1-4'], pageSize: 7 };
  const guard = { removedShare: 1, rewrittenShare: 1 };
  config = await writeConfig(directory, { database: { url: database.url }, sources: [source], guard });
  for (const vdnId of [vdns.listed, vdns.held, vdns.dry])
    simulator.vdn(vdnId).fault({ kind: 'rows', rows: [...accepted] });
});
afterAll(async () => {
  await simulator.close();
  await database.close();
  await rm(directory, { recursive: true });
});

const sync = (...args: string[]) => call(['sync', '--json', ...args], config);

test('unusual text is stored exactly as sent, and treated like any other code', async () => {
  expect(await sync('--vdn', '1-3')).toMatchObject({ exitCode: 0 });
  expect(await storedIn(vdns.listed)).toEqual(sorted(entries));

  const list = simulator.vdn(vdns.listed);
  list.clearFaults();
  const turned = entries.map(({ obsCode }, index) => ({
    obsCode,
    obsCodeDesc: entries.at(index - 3)?.obsCode ?? null,
  }));
  for (const codes of [turned, turned.slice(0, 20), entries]) {
    list.replace(codes);
    expect(await sync('--vdn', '1')).toMatchObject({ exitCode: 0 });
    expect(await storedIn(vdns.listed)).toEqual(sorted(codes));
  }
  expect((await sync('--vdn', '1')).json()).toMatchObject({ vdns: { unchanged: 1 } });
  expect(await violations(database.url)).toEqual([]);

  const feed = (await call(['changes', '--json', '--vdn', '1'], config)).json() as {
    changes: { obsCode: string }[];
  };
  expect(new Set(feed.changes.map(({ obsCode }) => obsCode))).toEqual(
    new Set(entries.map(({ obsCode }) => obsCode)),
  );
});

describe('shown harmlessly', () => {
  beforeAll(async () => {
    simulator.vdn(vdns.held).clearFaults();
    simulator.vdn(vdns.held).replace([]);
    simulator
      .vdn(vdns.failing)
      .fault({ kind: 'failure', resultCode: hostileWords, resultDesc: hostileWords });
    expect(await sync('--vdn', '1-3')).toMatchObject({ exitCode: 3 });
  });

  const commands: readonly { args: string[]; shows: readonly string[] }[] = [
    { args: ['sync', '--dry-run'], shows: ['\\u{1b}[2J', 'a\\u{d}\\u{a}b', '\\u{202e}gnp.exe', '<script>'] },
    {
      args: ['sync', '--vdn', '1-3'],
      shows: ['\\u{9b}2J', 'sync --approve', 'leading'],
    },
    { args: ['status'], shows: ['\\u001b]0;owned', '\\u{1b}[2J', 'remove'] },
    { args: ['changes', '--since', '1d'], shows: ['\\u{1b}]0;owned\\u{7}', '😀'] },
    {
      args: ['sync', '--dry-run', '--json', '--log-level', 'silent'],
      shows: ['\\u009b31m', '\\u202egnp.exe'],
    },
    { args: ['status', '--json'], shows: ['\\u009b31m', '\\u202egnp.exe'] },
    { args: ['changes', '--json'], shows: ['\\u009b31m', '\\u202egnp.exe', '\\u2028'] },
  ];

  for (const { args, shows } of commands) {
    test(`on a terminal by ${args.join(' ')}`, async () => {
      const { stdout } = await startOnTerminal(args, { config }).exit;
      expectHarmless(stdout);
      if (args.includes('--json')) JSON.parse(/\{.*\}/.exec(stdout)?.[0] ?? '');
      for (const text of shows) expect(stdout.includes(text), text).toBe(true);
    });

    // JSON is the same there.
    if (args.includes('--json')) continue;
    test(`in files by ${args.join(' ')}`, async () => {
      const result = await call([...args, '--log-level', 'trace'], config);
      const log = JSON.stringify(
        result.stderr
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line).msg),
      );
      for (const text of shows) expect((result.stdout + log).includes(text), text).toBe(true);
      expectHarmless(result.stdout);
      expectHarmless(result.stderr);
    });
  }

  test('on the status page', async () => {
    const file = path.join(directory, 'status.html');
    expect(await call(['status', '--html', file], config)).toMatchObject({ exitCode: 0 });
    const page = await readFile(file, 'utf8');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script>alert');
    expect(page.match(/[^\n\t\P{Cc}]|[\u202a-\u202e\u2066-\u2069]/gu)).toBeNull();
  });
});

/**
 * What the program itself does on a terminal: colours, and a progress bar that is drawn and wiped. No sequence of the
 * hostile values is among these.
 */
const ownSequences = new RegExp(
  ['7', '8', '\\[\\d{1,2}(;\\d{1,2})?m', '\\[\\?(25|2026)[lh]', '\\[[02]?K', '\\[0?J', '\\[\\d*G', '\\[1A']
    .map((end) => `\u001b${end}`)
    .join('|'),
  'g',
);

function expectHarmless(output: string): void {
  expect(output).not.toContain('\u001b[5m');
  const rest = output.replace(ownSequences, '').replace(/\r*\n|\r/g, '\n');
  const harmful = /[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/gu;
  expect(
    [...rest.matchAll(harmful)].map(({ index }) => JSON.stringify(rest.slice(index, index + 20))),
  ).toEqual([]);
}

async function storedIn(vdnId: number) {
  return query(
    database.url,
    `select obs_code as "obsCode", obs_code_desc as "obsCodeDesc" from obs.active_result_code
     where vdn_id = ${vdnId} order by obs_code collate "C"`,
  );
}

/** By code point, as the database sorts by bytes. */
function sorted<T extends { obsCode: string }>(codes: readonly T[]): T[] {
  return codes.toSorted((a, b) => Buffer.compare(Buffer.from(a.obsCode), Buffer.from(b.obsCode)));
}
