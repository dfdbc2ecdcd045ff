import { describe, expect, test } from 'vitest';
import { reportingDatabase, rowsOf } from './stored-lists.ts';

const { client } = await reportingDatabase();
await client.query(`
  insert into source (source, stale_after) values ('prod', '48 hours'), ('left', '36 hours'), ('quick', '1 hour');
  insert into vdn (source, vdn_id, configured, code_count, last_verified_at, last_outcome, failing_since,
    consecutive_failures, last_error_code)
  values ('prod', 1, true, 120, now() - interval '2 hours', 'unchanged', null, 0, null),
    ('prod', 2, true, 7, now() - interval '3 days', 'failed', now() - interval '2 days', 3, 'timeout'),
    ('prod', 3, true, 9, now() - interval '1 day', 'held', null, 0, null),
    ('prod', 4, true, 0, null, null, null, 0, null),
    ('prod', 5, false, 120, now() - interval '90 days', 'unchanged', null, 0, null),
    ('prod', 6, true, 5, now() + interval '1 hour', 'unchanged', null, 0, null),
    ('prod', 7, true, 5, now() - interval '40 hours', 'unchanged', null, 0, null),
    ('rowless', 1, true, 5, now() - interval '40 hours', 'unchanged', null, 0, null),
    ('rowless', 2, true, 5, now() - interval '35 hours', 'unchanged', null, 0, null),
    ('left', 1, false, 5, now(), 'unchanged', null, 0, null),
    ('quick', 1, true, 5, '2026-01-02 03:04Z', 'unchanged', null, 0, null);
  insert into held_change values
    ('prod', 3, 'a1b2c3d4e5f60718', '2026-01-01T00:00Z', 8, '[]', 'an empty list'),
    ('prod', 5, 'a1b2c3d4e5f60718', '2026-01-01T00:00Z', 8, '[]', 'an empty list')`);

describe('freshness', () => {
  test('has one row for each configured VDN, with its age and its troubles', async () => {
    const rows = await rowsOf(
      client,
      `select vdn_id, code_count, round(age_seconds / 3600)::integer as hours, last_outcome,
         is_held, plan, is_failing, consecutive_failures, last_error_code
       from freshness where source = 'prod' order by vdn_id`,
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 120, 2, 'unchanged', false, null, false, 0, null],
      [2, 7, 72, 'failed', false, null, true, 3, 'timeout'],
      [3, 9, 24, 'held', true, 'a1b2c3d4e5f60718', false, 0, null],
      [4, 0, null, null, false, null, false, 0, null],
      [6, 5, -1, 'unchanged', false, null, false, 0, null],
      [7, 5, 40, 'unchanged', false, null, false, 0, null],
    ]);
  });

  test('takes for stale what is older than its source allows, was never verified, or will be', async () => {
    const rows = await rowsOf(client, 'select source, vdn_id from freshness where is_stale order by 1, 2');
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      ...['prod 2', 'prod 4', 'prod 6', 'quick 1', 'rowless 1'],
    ]);
  });

  test('takes what was verified since its own transaction began for verified', async () => {
    await client.query('begin');
    await client.query(`update vdn set last_verified_at = clock_timestamp() where source = 'rowless'`);
    const rows = await rowsOf(client, `select is_stale from freshness where source = 'rowless'`);
    await client.query('rollback');
    expect(rows).toEqual([{ is_stale: false }, { is_stale: false }]);
  });
});

describe('source_status', () => {
  test('says in one row whether a source can be trusted, and why not', async () => {
    const rows = await rowsOf(
      client,
      `select source, is_trustworthy, vdns, stale_vdns as stale, failing_vdns as failing, held_vdns as held,
         regexp_replace(message, '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d', '…', 'g') as message
       from source_status order by source`,
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['left', false, 0, 0, 0, 0, 'No VDN of left is configured any more, so nothing verifies its codes.'],
      [
        ...['prod', false, 6, 3, 1, 1],
        '2 of 6 VDNs of prod can be trusted, verified between … and … UTC; 3 are stale; 1 is held; 1 is failing.',
      ],
      ['quick', false, 1, 1, 0, 0, 'None of 1 VDN of quick can be trusted; 1 is stale.'],
      [
        ...['rowless', false, 2, 1, 0, 0],
        '1 of 2 VDNs of rowless can be trusted, verified between … and … UTC; 1 is stale.',
      ],
    ]);
  });

  test('dates what can be trusted, the same under any session settings', async () => {
    await client.query(`update source set stale_after = '100 years' where source = 'quick'`);
    await client.query(`set datestyle = 'SQL, DMY'; set timezone = 'Asia/Shanghai'`);
    const [row] = await rowsOf(
      client,
      `select is_trustworthy, message, oldest_verified_at = newest_verified_at as same
       from source_status where source = 'quick'`,
    );
    await client.query('reset datestyle; reset timezone');
    expect(row).toEqual({
      is_trustworthy: true,
      message:
        '1 of 1 VDN of quick can be trusted, verified between 2026-01-02 03:04 and 2026-01-02 03:04 UTC.',
      same: true,
    });
  });
});
