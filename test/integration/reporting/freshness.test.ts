import { expect, test } from 'vitest';
import { reportingDatabase, rowsOf } from './stored-lists.ts';

const { client } = await reportingDatabase();
await client.query(`
  insert into vdn (source, vdn_id, configured, code_count, last_verified_at, last_outcome, failing_since,
    consecutive_failures, last_error_code)
  values ('prod', 1, true, 120, now() - interval '2 hours', 'unchanged', null, 0, null),
    ('prod', 2, true, 7, now() - interval '3 days', 'failed', now() - interval '2 days', 3, 'timeout'),
    ('prod', 3, true, 9, now() - interval '1 day', 'held', null, 0, null),
    ('prod', 4, true, 0, null, null, null, 0, null),
    ('prod', 5, false, 120, now() - interval '90 days', 'unchanged', null, 0, null)`);
await client.query(
  `insert into held_change values ('prod', 3, 'a1b2c3d4e5f6', '2026-01-01T00:00Z', 8, '[]'),
     ('prod', 5, 'a1b2c3d4e5f6', '2026-01-01T00:00Z', 8, '[]')`,
);

test('freshness has one row for each configured VDN, with its age and its troubles', async () => {
  const rows = await rowsOf(
    client,
    `select vdn_id, code_count, round(extract(epoch from age) / 3600)::integer as hours, last_outcome,
       is_held, plan, is_failing, consecutive_failures, last_error_code
     from freshness order by vdn_id`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    [1, 120, 2, 'unchanged', false, null, false, 0, null],
    [2, 7, 72, 'failed', false, null, true, 3, 'timeout'],
    [3, 9, 24, 'held', true, 'a1b2c3d4e5f6', false, 0, null],
    [4, 0, null, null, false, null, false, 0, null],
  ]);
});
