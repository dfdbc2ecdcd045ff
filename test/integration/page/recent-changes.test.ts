import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { recentChanges } from '../../../src/store/recent-changes.ts';
import { newestRuns } from '../../../src/store/status.ts';
import { reportingDatabase, storeLists } from '../reporting/stored-lists.ts';

const { url, client } = await reportingDatabase();

const nights = ['2026-11-20T02:00Z', '2026-11-21T02:00Z', '2026-11-22T02:00Z', '2026-11-23T02:00Z'];

/** Runs of the given numbers of changed codes, one a night, each beginning a minute before what it stores. */
async function storeRuns(changed: readonly number[], status = 'succeeded'): Promise<void> {
  await client.query('truncate sync_run restart identity');
  for (const [index, codes] of changed.entries()) {
    await client.query(
      `insert into sync_run (started_at, finished_at, status, trigger, arguments, version, host, codes_added)
       values ($1::timestamptz - interval '1 minute', $1, $2, 'cli', '', '', '', $3)`,
      [nights[index], index === changed.length - 1 ? status : 'succeeded', codes],
    );
  }
}

async function read() {
  const { db, close } = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => close());
  return recentChanges(db, await newestRuns(db, 30));
}

await storeLists(client, 'prod', 1, [
  { at: '2026-11-20T02:00Z', codes: { '1': 'one', '2': 'two' } },
  { at: '2026-11-21T02:00Z', codes: { '1': 'one', '2': 'zwei' } },
  { at: '2026-11-22T02:00Z', codes: { '2': 'zwei', '3': null } },
  { at: '2026-11-23T02:00Z', codes: { '1': 'uno', '2': 'zwei', '3': null } },
]);
for (const vdnId of [2, 3]) {
  await storeLists(client, 'prod', vdnId, [
    { at: '2026-11-20T02:00Z', codes: { '2': 'two' } },
    { at: '2026-11-21T02:00Z', codes: { '2': 'zwei' } },
  ]);
}
await storeLists(client, 'backup', 2, [
  { at: '2026-11-20T02:00Z', codes: {} },
  { at: '2026-11-21T02:00Z', codes: { '2': 'zwei' } },
]);

test('the newest run comes first; the same change in many VDNs is one entry, and so is a first list', async () => {
  await storeRuns([4, 4, 2, 1]);
  const { changes, leftOut, runsNotListed } = await read();
  expect(
    changes.map(({ runId, source, vdnIds, kind, obsCode, before, after, codes }) => [
      runId,
      source,
      vdnIds,
      kind,
      obsCode,
      before,
      after,
      codes,
    ]),
  ).toEqual([
    [4, 'prod', [1], 'returned', '1', 'one', 'uno', 1],
    [3, 'prod', [1], 'removed', '1', 'one', null, 1],
    [3, 'prod', [1], 'added', '3', null, null, 1],
    [2, 'backup', [2], 'added', '2', null, 'zwei', 1],
    [2, 'prod', [1, 2, 3], 'changed', '2', 'two', 'zwei', 3],
    [1, 'prod', [1, 2, 3], 'initial', null, null, null, 4],
  ]);
  expect({ leftOut, runsNotListed }).toEqual({ leftOut: 0, runsNotListed: [] });
});

test('a run that changed too much, and what was before it, is not looked up', async () => {
  await storeRuns([4, 4, 1_000_000, 1]);
  const { changes, runsNotListed } = await read();
  expect(changes.map(({ runId }) => runId)).toEqual([4]);
  expect(runsNotListed.map(({ runId }) => runId)).toEqual([3, 2, 1]);
});

test('a run still under way is left out', async () => {
  await storeRuns([4, 4, 2, 0], 'running');
  expect((await read()).changes.map(({ runId }) => runId)).toEqual([3, 3, 2, 2, 1]);
});

test('without a run that changed something there is nothing', async () => {
  await storeRuns([0, 0]);
  expect(await read()).toEqual({ changes: [], leftOut: 0, runsNotListed: [] });
});

test('sixty changes are listed, the others counted', async () => {
  const codes = Object.fromEntries(Array.from({ length: 75 }, (_, index) => [String(index + 100), 'new']));
  await storeLists(client, 'many', 1, [
    { at: '2026-11-20T02:00Z', codes: {} },
    { at: '2026-11-21T02:00Z', codes: {} },
    { at: '2026-11-22T02:00Z', codes: {} },
    { at: '2026-11-23T02:00Z', codes },
  ]);
  await storeRuns([0, 0, 0, 76]);
  const { changes, leftOut } = await read();
  expect(changes).toHaveLength(60);
  expect(changes[0]).toMatchObject({ source: 'many', obsCode: '100' });
  expect(leftOut).toBe(16);
});
