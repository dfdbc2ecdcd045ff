import { rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { openSession } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

const nothing = { runId: null, status: 'refused', requests: 0, outcomes: [], vdns: { total: 0 } };

test('0: done, with what changed in each VDN', async () => {
  const { sync, simulator } = await syncSetup({ vdns: [1, 25], codesPerVdn: 120 });
  expect(summaryOf(await sync())).toMatchObject({
    ...{ runId: 1, status: 'succeeded', exitCode: 0, error: null, shard: null, dryRun: false, requests: 6 },
    vdns: { total: 2, changed: 2 },
    codes: { added: 240 },
    outcomes: [
      { source: 'test', vdnId: 1, outcome: 'changed', codes: { added: 120 }, requests: 3 },
      { source: 'test', vdnId: 25, outcome: 'changed', codes: { added: 120 }, requests: 3 },
    ],
  });
  simulator.vdn(1).change('00605', 'Changed.');
  const shown = summaryOf(await sync('--dry-run'));
  expect(shown).toMatchObject({
    ...{ runId: null, status: 'succeeded', dryRun: true, vdns: { total: 2, changed: 1, unchanged: 1 } },
    outcomes: [{ vdnId: 1, changes: [{ kind: 'changed', obsCode: '00605', after: 'Changed.' }] }],
  });
  expect(summaryOf(await sync())).toMatchObject({ runId: 2, codes: { changed: 1 } });
  expect(summaryOf(await sync())).toMatchObject({ runId: 3, vdns: { unchanged: 2 }, outcomes: [] });
});

test('3: some VDNs failed; 5: of those tried none was done; the rest is skipped', async () => {
  const { sync, simulator } = await syncSetup({ vdns: ['1-19'], source: { retries: 0, concurrency: 1 } });
  simulator.vdn(2).fault({ kind: 'failure', resultCode: '02000007', resultDesc: 'vdnId' });
  simulator.vdn(3).fault({ kind: 'status', status: 500 });
  const some = summaryOf(await sync());
  expect(some).toMatchObject({
    ...{ status: 'partial', exitCode: 3, error: null, vdns: { changed: 17, failed: 2 } },
  });
  expect(some.outcomes.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
    { vdnId: 2, errorCode: 'isales-error', message: expect.stringContaining('02000007'), requests: 1 },
    { vdnId: 3, errorCode: 'http-status', message: expect.stringContaining('500'), requests: 1 },
  ]);

  simulator.fault({ kind: 'status', status: 401 });
  const none = summaryOf(await sync());
  expect(none).toMatchObject({
    status: 'failed',
    exitCode: 5,
    error: null,
    vdns: { changed: 0, unchanged: 0 },
  });
  expect(none.vdns.skipped).toBeGreaterThan(0);
  expect(none.outcomes.at(-1)).toMatchObject({
    vdnId: 19,
    outcome: 'skipped',
    errorCode: 'source-unavailable',
    requests: 0,
  });
});

test('4: some VDNs are held, each with the plan that approves it', async () => {
  const { sync, simulator } = await syncSetup({ vdns: [1, 2] });
  summaryOf(await sync());
  simulator.vdn(2).replace([]);
  const held = summaryOf(await sync());
  expect(held).toMatchObject({
    ...{ status: 'partial', exitCode: 4, error: null, vdns: { unchanged: 1, held: 1 } },
    outcomes: [{ vdnId: 2, outcome: 'held', message: expect.stringContaining('--approve') }],
  });
  const dry = summaryOf(await sync('--dry-run'));
  expect(dry).toMatchObject({ exitCode: 4, outcomes: [{ outcome: 'held', changes: { length: 10 } }] });
  const [outcome] = dry.outcomes;
  if (outcome?.outcome !== 'held') throw new Error('nothing is held');
  expect(summaryOf(await sync('--approve', outcome.plan))).toMatchObject({
    ...{ exitCode: 0, codes: { removed: 10 } },
    outcomes: [{ outcome: 'changed', plan: outcome.plan }],
  });
});

test('2: nothing was contacted', async () => {
  const { sync, simulator, config, rows } = await syncSetup({ vdns: [1] });
  expect(summaryOf(await sync('--vdn', '2'))).toMatchObject({
    ...nothing,
    exitCode: 2,
    error: { code: 'usage' },
  });
  expect(summaryOf(await sync('--vdm', '1', '--dry-run'))).toMatchObject({
    ...{ ...nothing, exitCode: 2, dryRun: true },
    error: { code: 'usage', message: expect.stringContaining('--vdn') },
  });
  await rm(config);
  expect(summaryOf(await sync())).toMatchObject({
    ...nothing,
    exitCode: 2,
    error: { code: 'configuration' },
  });
  expect(simulator.requests.total).toBe(0);
  expect(await rows('select from obs.sync_run')).toEqual([]);
});

test('7: the schema is behind', async () => {
  const { sync, simulator, rows } = await syncSetup({ vdns: [1] });
  await rows(`delete from obs.schema_migration where name like '0001%'`);
  const message = expect.stringMatching(/behind.*Run `node .* migrate --config .*` first/);
  expect(summaryOf(await sync())).toMatchObject({
    ...{ ...nothing, exitCode: 7 },
    error: { code: 'database-unusable', message },
  });
  expect(simulator.requests.total).toBe(0);
});

test('7: the database refuses the user, the password or the name', async () => {
  const { url, simulator } = await syncSetup({ vdns: [1] });
  for (const [change, message] of [
    [
      (wrong: URL) => (wrong.password = 'wrong'),
      /password authentication failed.*Check the user and the password/,
    ],
    [(wrong: URL) => (wrong.pathname = '/nowhere'), /does not exist.*Create the database/],
  ] as const) {
    const wrong = new URL(url);
    change(wrong);
    const config = await writeConfig(await temporaryDirectory(), {
      database: { url: wrong.href },
      sources: [{ baseUrl: simulator.baseUrl, vdns: [1] }],
    });
    expect(summaryOf(await call(['sync', '--json'], config))).toMatchObject({
      ...{ ...nothing, exitCode: 7 },
      error: { code: 'database-unusable', message: expect.stringMatching(message) },
    });
  }
});

test('75: another run is at work on the source', async () => {
  const { sync, startSync, simulator, url } = await syncSetup({ vdns: [1], source: { timeout: '60s' } });
  simulator.vdn(1).fault({ kind: 'hang' });
  const first = startSync();
  onTestFinished(() => first.signal('SIGKILL'));
  await expect.poll(() => simulator.requests.total, { timeout: 20_000 }).toBe(1);
  expect(summaryOf(await sync())).toMatchObject({ ...nothing, exitCode: 75, error: { code: 'locked' } });
  const session = await openSession(url);
  const { rows } = await session.query('select count(*)::integer as runs from obs.sync_run');
  expect(rows).toEqual([{ runs: 1 }]);

  first.signal('SIGTERM');
  expect(summaryOf(await first.exit)).toMatchObject({
    ...{ runId: 1, status: 'interrupted', exitCode: 143, error: { code: 'interrupted' } },
    outcomes: [{ vdnId: 1, outcome: 'skipped', errorCode: 'interrupted' }],
  });
});
