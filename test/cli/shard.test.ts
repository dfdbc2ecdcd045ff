import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { run } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Six servers with two sources each, and one database. */
async function manyServers() {
  const simulators = await Promise.all(
    Array.from({ length: 6 }, () => startSimulator({ accounts: [testKeys], codesPerVdn: 10 })),
  );
  onTestFinished(async () => void (await Promise.all(simulators.map((simulator) => simulator.close()))));
  const database = await testDatabase();
  onTestFinished(() => database.close());
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: database.url },
    sources: simulators.flatMap(({ baseUrl }, server) =>
      ['a', 'b'].map((one) => ({ name: `${one}${server}`, baseUrl, vdns: [1, 2] })),
    ),
  });
  const sync = (args: readonly string[], env?: Record<string, string>) =>
    env === undefined
      ? call(['sync', '--json', ...args], config)
      : run(['sync', '--json', ...args], { config, env });
  return { simulators, sync, url: database.url, rows: (statement: string) => query(database.url, statement) };
}

test('three shards at once do each source exactly once, and keep a server’s sources together', async () => {
  const { simulators, sync, url, rows } = await manyServers();
  const results = await Promise.all(['1/3', '2/3', '3/3'].map((shard) => sync(['--shard', shard])));
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  for (const simulator of simulators) expect(simulator.requests.total).toBe(4);
  expect(await rows('select count(*)::integer as codes from obs.active_result_code')).toEqual([
    { codes: 240 },
  ]);
  const shards = await rows('select shard, status, vdns_total from obs.sync_run order by shard');
  expect(shards).toMatchObject(['1/3', '2/3', '3/3'].map((shard) => ({ shard, status: 'succeeded' })));
  expect(shards.reduce((sum, { vdns_total }) => sum + Number(vdns_total), 0)).toBe(24);
  const servers = await rows(
    `select substr(source, 2) as server, count(distinct last_run_id)::integer as runs from obs.vdn group by 1`,
  );
  expect(servers.map(({ runs }) => runs)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(await violations(url)).toEqual([]);

  // Another number of shards finds every VDN where it was, and still configured.
  for (const shard of ['1/2', '2/2']) {
    const { exitCode, json } = await sync(['--shard', shard]);
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject({ shard, codes: { added: 0, removed: 0 } });
  }
  expect(await rows('select from obs.vdn where not configured')).toEqual([]);
  for (const simulator of simulators) expect(simulator.requests.total).toBe(8);
});

test('a pod of an Indexed Job takes its shard from the environment; --shard goes first', async () => {
  const { sync } = await manyServers();
  const pod = { JOB_COMPLETION_INDEX: '1', OBS_CODE_SYNC_SHARDS: '3' };
  expect((await sync(['--dry-run'], pod)).json()).toMatchObject({ shard: '2/3' });
  expect((await sync(['--dry-run', '--shard', '1/2'], pod)).json()).toMatchObject({ shard: '1/2' });
  const alone = (await sync(['--dry-run'], { JOB_COMPLETION_INDEX: '1' })).json();
  expect(alone).toMatchObject({ shard: null, vdns: { total: 24 } });
});

test('a shard without a server does nothing, and says so', async () => {
  const { sync } = await manyServers();
  const totals = await Promise.all(
    Array.from({ length: 4 }, async (_, n) => {
      const { exitCode, json } = await sync(['--dry-run', '--source', 'a0', '--shard', `${n + 1}/4`]);
      expect(exitCode).toBe(0);
      return json();
    }),
  );
  const busy = totals.filter((summary) => JSON.stringify(summary).includes('"total":2'));
  expect(busy).toHaveLength(1);
});

test.each([
  [['--shard', '4/3'], {}, 'expected I/N with I from 1 to N'],
  [[], { JOB_COMPLETION_INDEX: '3', OBS_CODE_SYNC_SHARDS: '3' }, 'the index counts from 0'],
])('%j with %j is refused with exit code 2, and nothing is asked for', async (args, env, message) => {
  const { simulators, sync } = await manyServers();
  const result = await sync(args, env);
  expect(result.exitCode).toBe(2);
  expect(result.json()).toMatchObject({ status: 'refused', error: { code: 'usage' } });
  expect(result.stderr).toContain(message);
  for (const simulator of simulators) expect(simulator.requests.total).toBe(0);
});
