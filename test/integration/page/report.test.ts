import { expect, test } from 'vitest';
import { readPageReport } from '../../../src/page/report.ts';
import { renderStatusPage } from '../../../src/page/status-page.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { reportingDatabase } from '../reporting/stored-lists.ts';
import { fillLargeNight } from './large-night.ts';

test('a night on which one code changes in each of 9,999 VDNs: one row, everything else counted, under 1 MB', async () => {
  const { url, client } = await reportingDatabase();
  await fillLargeNight(client);
  const database = await openDatabase({ url, schema: 'obs' });
  const settings = {
    staleAfterMs: 36 * 3_600_000,
    invocation: { program: 'obs-code-sync', options: '' },
    timezone: 'UTC',
    nextRun: undefined,
    version: '0.1.0',
  };
  const report = await readPageReport(database, settings).finally(() => database.close());

  expect(report.vdns).toHaveLength(9999);
  expect(report.runs.map(({ runId }) => runId)).toEqual(Array.from({ length: 30 }, (_, index) => 30 - index));
  expect(report.held.total).toBe(112);
  expect(report.held.plans).toHaveLength(10);
  expect(report.changes.runsNotListed.map(({ runId }) => runId)).toEqual([23, 1]);
  expect(report.changes.changes).toMatchObject([
    {
      runId: 30,
      kind: 'changed',
      obsCode: '00603',
      before: 'Reason 603',
      after: 'Reason 603, rewritten',
      codes: 9999,
    },
  ]);
  const bytes = Buffer.byteLength(renderStatusPage(report));
  expect(bytes).toBeGreaterThan(700_000);
  expect(bytes).toBeLessThan(1_000_000);
});
