import { beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { prune } from '../../../src/store/run-log.ts';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const dayMs = 86_400_000;
const { url, client } = await reportingDatabase();
await storeLists(client, 'prod', 9, [
  { at: '2020-01-01T00:00Z', codes: { '001': 'One', '002': 'Two' } },
  { at: '2020-01-02T00:00Z', codes: { '001': 'One, new' } },
]);

beforeEach(async () => {
  await client.query('truncate sync_run, sync_run_vdn, held_change restart identity');
  await client.query(`delete from vdn where vdn_id <> 9`);
});

/** Inserts run 1, 2, … with the ages in days, and one VDN's outcome in each where given. */
async function runs(...all: [days: number, status: string, vdnId?: number, outcome?: string][]) {
  for (const [days, status, vdnId, outcome] of all) {
    const [run] = await rowsOf(
      client,
      `insert into sync_run (started_at, status, trigger, arguments, version, host)
       values (now() - $1 * interval '1 day', $2, 'cli', 'sync', '1', 'here') returning run_id`,
      [days, status],
    );
    if (vdnId === undefined) continue;
    await client.query(
      `insert into sync_run_vdn (run_id, source, vdn_id, outcome, duration_ms) values ($1, 'prod', $2, $3, 5)`,
      [run?.run_id, vdnId, outcome],
    );
  }
}

async function pruneTo(days: number) {
  const database = await openDatabase({ url, schema: 'obs' });
  try {
    return await prune(database.db, days * dayMs);
  } finally {
    await database.close();
  }
}

const left = async (table: string) =>
  (await rowsOf(client, `select run_id from ${table} order by 1`)).map((row) => row.run_id);

describe('prune', () => {
  test('deletes runs beyond the limit with their details, and no others', async () => {
    await runs(
      [100, 'succeeded', 1, 'changed'],
      [91, 'failed', 1, 'failed'],
      [89, 'succeeded', 1, 'changed'],
    );
    expect(await pruneTo(90)).toBe(2);
    expect(await left('sync_run')).toEqual([3]);
    expect(await left('sync_run_vdn')).toEqual([3]);
    expect(await pruneTo(90)).toBe(0);
  });

  test('leaves a run that is still marked running', async () => {
    await runs([100, 'running'], [99, 'succeeded']);
    expect(await pruneTo(90)).toBe(1);
    expect(await left('sync_run')).toEqual([1]);
  });

  test('keeps for each VDN in trouble the newest run that says why', async () => {
    await client.query(
      `insert into vdn (source, vdn_id, failing_since) values ('prod', 1, now()), ('prod', 2, null), ('prod', 3, null)`,
    );
    await client.query(
      `insert into held_change values ('prod', 2, 'a1b2c3d4e5f60718', now(), 4, '[]', 'an empty list')`,
    );
    await runs(
      [130, 'failed', 1, 'failed'],
      [120, 'failed', 1, 'failed'],
      [119, 'failed', 1, 'skipped'],
      [110, 'partial', 2, 'held'],
      [105, 'failed', 3, 'failed'],
    );
    expect(await pruneTo(90)).toBe(3);
    expect(await left('sync_run')).toEqual([2, 4]);
    expect(await left('sync_run_vdn')).toEqual([2, 4]);
  });

  test('never touches codes or their history', async () => {
    const all = `select jsonb_agg(h order by obs_code, valid_from) as rows from result_code_history as h`;
    const before = await rowsOf(client, all);
    await runs([2000, 'succeeded', 9, 'changed'], [1999, 'succeeded', 9, 'changed']);
    expect(await pruneTo(1)).toBe(2);
    expect(await rowsOf(client, all)).toEqual(before);
    expect(await rowsOf(client, 'select kind from code_change')).toHaveLength(4);
  });
});
