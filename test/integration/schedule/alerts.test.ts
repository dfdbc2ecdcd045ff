import { expect, test } from 'vitest';
import { sqlUnder } from '../../support/documents.ts';
import { holdUp, untilHeldUp } from '../../support/sessions.ts';
import { syncSetup } from '../../support/sync-setup.ts';

test('a run that has been under way for too long is found in the database', async () => {
  const { url, sync, rows } = await syncSetup({ vdns: [1] });
  const [, , tooLong = ''] = sqlUnder('Alerts from the database');
  const gate = await holdUp(url, 'apply');
  const run = sync();
  await untilHeldUp(url, 1);
  expect(await rows(tooLong)).toEqual([]);
  await rows(`update obs.sync_run set started_at = started_at - interval '6 hours'`);
  expect(await rows(tooLong)).toMatchObject([{ run_id: 1, trigger: 'cli', shard: null }]);
  await gate.release();
  expect((await run).exitCode).toBe(0);
  expect(await rows(tooLong)).toEqual([]);
});

test('the figures that the scheduler gives to Prometheus can be had from the database', async () => {
  const { simulator, sync, rows } = await syncSetup({
    sources: ['one', 'two'],
    vdns: ['1-3'],
    source: { retries: 0 },
  });
  await sync();
  simulator.vdn(1).fault({ kind: 'status', status: 404 });
  simulator.vdn(2).replace([]);
  await sync('--source', 'one');
  await rows(`update obs.vdn set last_verified_at = last_verified_at - interval '2 days' where vdn_id = 3`);

  const [bySource = '', byDay = ''] = sqlUnder('Figures for a dashboard');
  const counts = (figures: Record<string, number>) =>
    Object.fromEntries(Object.entries(figures).map(([name, count]) => [name, String(count)]));
  expect(await rows(bySource)).toMatchObject([
    { source: 'one', ...counts({ vdns: 3, stale: 1, failing: 1, held: 1 }), last_success: expect.any(Date) },
    { source: 'two', ...counts({ vdns: 3, stale: 1, failing: 0, held: 0 }), last_success: expect.any(Date) },
  ]);
  const nights = await rows(byDay);
  expect(nights.sort((a, b) => String(a.status).localeCompare(String(b.status)))).toMatchObject([
    { status: 'partial', ...counts({ runs: 1, unchanged: 1, failed: 1, held: 1, changed: 0, requests: 4 }) },
    { status: 'succeeded', ...counts({ runs: 1, changed: 6, codes_added: 60, requests: 6 }) },
  ]);
});
