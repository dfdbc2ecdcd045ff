import { expect, test } from 'vitest';
import { violations } from '../support/invariants.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';

test('a run that was killed is resumed: what it had verified is fresh, the rest is done', async () => {
  const { url, simulator, startSync, sync, rows } = await syncSetup({
    vdns: ['1-8'],
    source: { concurrency: 1, timeout: '60s' },
  });
  simulator.vdn(5).fault({ kind: 'hang' });
  const first = startSync();
  const verified = () => rows('select vdn_id from obs.vdn where last_verified_at is not null order by 1');
  await until('VDNs are done and one hangs', async () => {
    return simulator.requests.ofVdn(5) > 0 && (await verified()).length === 4;
  });
  first.signal('SIGKILL');
  await first.exit;

  simulator.vdn(5).clearFaults();
  simulator.requests.reset();
  const second = await sync('--max-age', '6h');
  expect(second.json()).toMatchObject({
    exitCode: 0,
    vdns: { total: 8, fresh: 4, changed: 4, unchanged: 0 },
    requests: 4,
  });
  expect(simulator.requests.counts().byVdn).toEqual({ 5: 1, 6: 1, 7: 1, 8: 1 });
  expect(await rows('select status, vdns_fresh, vdns_changed from obs.sync_run order by run_id')).toEqual([
    { status: 'interrupted', vdns_fresh: 0, vdns_changed: 4 },
    { status: 'succeeded', vdns_fresh: 4, vdns_changed: 4 },
  ]);
  expect(await violations(url)).toEqual([]);
});

test('only what was verified within the time is fresh, not what failed or is held', async () => {
  const { simulator, sync, rows } = await syncSetup({ vdns: ['1-4'], source: { retries: 0 } });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  await rows(`update obs.vdn set last_verified_at = last_verified_at - interval '7 hours'`);
  simulator.vdn(2).fault({ kind: 'status', status: 500 });
  simulator.vdn(3).replace([]);
  expect((await sync('--vdn', '1-3')).json()).toMatchObject({
    exitCode: 3,
    vdns: { unchanged: 1, failed: 1, held: 1 },
  });

  simulator.requests.reset();
  const result = await sync('--max-age', '6h');
  expect(result.json()).toMatchObject({ vdns: { total: 4, fresh: 1, unchanged: 1, failed: 1, held: 1 } });
  expect(Object.keys(simulator.requests.counts().byVdn)).toEqual(['2', '3', '4']);

  simulator.requests.reset();
  const nothing = await sync('--max-age', '6h', '--vdn', '1,4');
  expect(nothing.json()).toMatchObject({
    exitCode: 0,
    vdns: { total: 2, fresh: 2 },
    requests: 0,
    outcomes: [],
  });
  expect(simulator.requests.total).toBe(0);
});
