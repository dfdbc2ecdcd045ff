import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { RunSummary } from '../../src/sync/summary.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

async function place(outage: string) {
  const database = await testDatabase();
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 60, latencyMs: 5 });
  onTestFinished(async () => {
    await simulator.close();
    await database.close();
  });
  const source = { baseUrl: simulator.baseUrl, vdns: ['1-60'], retries: 1, timeout: '2s', outage };
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: database.url },
    sources: [source],
  });
  return { database, simulator, config };
}

test('an outage at the start, and one while removals are confirmed, cost their time and no VDN', async () => {
  const { database, simulator, config } = await place('1m');
  await simulator.away('503', 3_000);
  const first = await call(['sync', '--json'], config);
  expect(first).toMatchObject({ exitCode: 0 });
  expect((first.json() as RunSummary).vdns).toMatchObject({ total: 60, changed: 60 });
  expect(first.stderr).toMatch(/test: the server is away: the server answered 503/);
  expect(first.stderr).toMatch(/test: the server answers again after/);

  for (let vdnId = 1; vdnId <= 60; vdnId++) simulator.vdn(vdnId).remove('00605');
  simulator.requests.reset();
  // Every VDN has been read once; what follows are the confirming reads.
  const second = call(['sync', '--json'], config);
  await expect.poll(() => simulator.requests.total, { timeout: 20_000 }).toBeGreaterThan(130);
  await simulator.away('reset', 3_000);
  const ended = await second;
  expect(ended).toMatchObject({ exitCode: 0 });
  expect((ended.json() as RunSummary).codes).toMatchObject({ removed: 60 });
  expect(await violations(database.url)).toEqual([]);
});

test('a server that stays away ends the run, and what is done is kept', async () => {
  const { database, simulator, config } = await place('2s');
  const running = call(['sync', '--json'], config);
  await expect.poll(() => simulator.requests.total, { timeout: 20_000 }).toBeGreaterThan(40);
  await simulator.away('refused');
  const ended = await running;
  expect(ended.exitCode).toBe(3);
  const { vdns, outcomes } = ended.json() as RunSummary;
  expect(vdns.changed).toBeGreaterThan(5);
  // In so short a time not every VDN under way has asked; those that have fail, all others are not tried.
  expect(vdns.failed).toBeGreaterThan(0);
  expect(vdns.failed).toBeLessThanOrEqual(8);
  expect(vdns.changed + vdns.failed + vdns.skipped).toBe(60);
  expect(new Set(outcomes.map(({ errorCode }) => errorCode))).toEqual(
    new Set([undefined, 'network', 'source-unavailable']),
  );
  expect(await query(database.url, 'select distinct vdn_id from obs.result_code')).toHaveLength(vdns.changed);
  expect(await violations(database.url)).toEqual([]);
});
