import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { allTables, codeTables, rowVersions } from '../support/row-versions.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { query } from '../support/template-database.ts';
import { summaryOf } from './summary-shape.ts';

describe('for people', () => {
  test('a table of what changed, logs on stderr as JSON, no progress bar and no colours', async () => {
    const { simulator, config } = await syncSetup({ vdns: ['1-3'] });
    simulator.vdn(2).fault({ kind: 'failure', resultCode: '02000007', resultDesc: 'vdn\u001b[2J' });
    const { exitCode, stdout, stderr } = await call(['sync'], config);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^Run 1 partial \(exit code 3\) in .*, 3 requests\n/);
    expect(stdout).toContain('VDNs   3 in all, 2 changed, 1 failed');
    expect(stdout).toContain('Codes  20 added');
    expect(stdout).toMatch(/^test +1, 3 +changed: 10 added$/m);
    expect(stdout).toMatch(/^test +2 +failed: isales-error$/m);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        runId: 1,
        source: 'test',
        vdnId: 2,
        errorCode: 'isales-error',
      }),
    );
    expect(lines.at(-1)).toMatchObject({ level: 'info', runId: 1, status: 'partial', exitCode: 3 });
    for (const mark of ['\u001b', 'VDNs ·']) expect(stdout + stderr).not.toContain(mark);
  });

  test('a dry run shows the difference row by row', async () => {
    const { simulator, config, sync, url } = await syncSetup({ vdns: [1] });
    summaryOf(await sync());
    const vdn = simulator.vdn(1);
    vdn.add('00999', 'Brand\u001b[31m new.');
    vdn.remove('00602');
    vdn.change('00604', null);
    vdn.change('00603', '😀😀 ｱﾝｻﾞｰ 응답 없음');
    const stored = await rowVersions(url);
    const { exitCode, stdout } = await call(['sync', '--dry-run'], config);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Dry run succeeded in /);
    expect(stdout).toContain('test, would be applied:');
    expect(stdout).toMatch(/^removed +00602 +ACD无可用资源。 +— +1$/m);
    expect(stdout).toMatch(/^changed +00604 +呼叫被拒绝。 +— +1$/m);
    expect(stdout).toMatch(/^changed +00603 +被叫用户无应答。 +😀😀 ｱﾝｻﾞｰ 응답 없음 +1$/m);
    expect(stdout).toMatch(/^added +00999 +— +Brand\\u\{1b\}\[31m new\. +1$/m);
    expect(await rowVersions(url)).toEqual(stored);
  });
});

describe('a part of what is configured', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let directory: string;
  let config: string;
  const done = async () => {
    const rows = await query(
      database.url,
      `select source || ' ' || vdn_id as vdn from obs.vdn where last_verified_at is not null order by 1`,
    );
    await query(database.url, `update obs.vdn set last_verified_at = null`);
    return rows.map(({ vdn }) => vdn);
  };

  beforeAll(async () => {
    simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 0 });
    database = await testDatabase();
    const { baseUrl } = simulator;
    directory = await mkdtemp(path.join(os.tmpdir(), 'obs-sync-'));
    config = await writeConfig(directory, {
      database: { url: database.url },
      sources: [
        { name: 'north', baseUrl, vdns: ['1-3'] },
        { name: 'south', baseUrl, vdns: [3, 4] },
      ],
    });
  });
  afterAll(async () => {
    await simulator.close();
    await database.close();
    await rm(directory, { recursive: true });
  });

  test.each<[string[], string[]]>([
    [[], ['north 1', 'north 2', 'north 3', 'south 3', 'south 4']],
    [
      ['--source', 'south'],
      ['south 3', 'south 4'],
    ],
    [
      ['--vdn', '2-3'],
      ['north 2', 'north 3', 'south 3'],
    ],
    [
      ['--source', 'north', '--vdn', '1,3'],
      ['north 1', 'north 3'],
    ],
  ])('%j', async (args, expected) => {
    const summary = summaryOf(await call(['sync', '--json', ...args], config));
    expect(summary.vdns).toMatchObject({ total: expected.length, unchanged: expected.length });
    expect(await done()).toEqual(expected);
    expect(await query(database.url, 'select from obs.vdn where not configured')).toEqual([]);
  });

  test.each([
    [['--source', 'soth'], /There is no source soth in the configuration; it has north, south\./],
    [['--source', 'south', '--vdn', '1'], /VDN 1 is not configured for south\./],
  ])('%j is refused', async (args, message) => {
    const requests = simulator.requests.total;
    expect(await call(['sync', ...args], config)).toMatchObject({
      ...{ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) },
    });
    expect(simulator.requests.total).toBe(requests);
  });
});

test('--migrate brings the schema up first, and is no harm where it is up', async () => {
  const { rows, sync } = await syncSetup({ vdns: [1] });
  await rows('drop schema obs cascade');
  for (const codes of [{ added: 10 }, { added: 0 }]) {
    expect(summaryOf(await sync('--migrate'))).toMatchObject({ exitCode: 0, codes });
  }
  expect(await rows('select count(*)::integer as codes from obs.result_code')).toEqual([{ codes: 10 }]);
});

test('a run without changes writes no row of the codes, by the server’s own count', async () => {
  const { url, sync, rows } = await syncSetup({ vdns: ['1-5'], codesPerVdn: 120 });
  /** What the server has counted for each table, once every session of the program has ended and reported. */
  async function written(): Promise<Record<string, unknown>> {
    await until('no session of the program is left', async () => {
      const sessions = `select from pg_stat_activity
        where datname = current_database() and application_name = 'obs-code-sync'`;
      return (await rows(sessions)).length === 0;
    });
    const counts = await rows(`
      select relname as table, n_tup_ins::integer as ins, n_tup_upd::integer as upd, n_tup_del::integer as del
      from pg_stat_user_tables where schemaname = 'obs'`);
    return Object.fromEntries(counts.map(({ table, ...count }) => [String(table), count]));
  }

  expect(summaryOf(await sync())).toMatchObject({ codes: { added: 600 } });
  await rows('select pg_stat_reset()');
  const versions = await rowVersions(url, codeTables);
  expect(summaryOf(await sync())).toMatchObject({ vdns: { unchanged: 5 }, requests: 15 });
  const counts = await written();
  const none = { ins: 0, upd: 0, del: 0 };
  expect(Object.fromEntries(allTables.map((table) => [table, counts[table]]))).toEqual({
    ...{ result_code: none, result_code_history: none, held_change: none, sync_run_vdn: none },
    vdn: { ins: 0, upd: 5, del: 0 },
    sync_run: { ins: 1, upd: 1, del: 0 },
  });
  expect(await rowVersions(url, codeTables)).toEqual(versions);
});
