import type pg from 'pg';
import { expect, test } from 'vitest';
import { readPageReport } from '../../../src/page/report.ts';
import { renderStatusPage } from '../../../src/page/status-page.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { reportingDatabase } from '../reporting/stored-lists.ts';

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

/**
 * Every VDN that the interface knows, of one source, 12 codes each, and thirty runs. Last night one code changed in all
 * VDNs; a run a week ago changed a few; the first run stored everything. Some VDNs are failing, held or stale.
 */
async function fillLargeNight(client: pg.Client): Promise<void> {
  await client.query(`
    insert into sync_run (started_at, finished_at, status, trigger, arguments, version, host, exit_code, vdns_total,
      vdns_unchanged, vdns_changed, codes_added, codes_changed, requests)
    select started, started + interval '7 minutes', case night when 5 then 'failed' else 'succeeded' end, 'schedule', '',
      '0.1.0', 'h', 0, 9999, case night when 0 then 0 else 9999 end, case night when 0 then 9999 else 0 end,
      case night when 29 then 119988 else 0 end, case night when 0 then 9999 when 7 then 5 else 0 end, 9999
    from generate_series(29, 0, -1) as night
    cross join lateral (select now() - night * interval '1 day' - interval '9 hours') as at (started);

    insert into vdn (source, vdn_id, code_count, first_verified_at, last_verified_at, last_outcome, last_run_id,
      failing_since, consecutive_failures, last_error_code, last_error_message)
    select 'prod', vdn, 12, now() - interval '29 days 9 hours' + interval '1 second',
      now() - case when vdn between 4300 and 4449 then interval '4 days' else interval '9 hours' end, 'changed', 30,
      case when vdn % 97 = 0 then now() - interval '2 days' end, vdn % 97 % 2, case when vdn % 97 = 0 then 'timeout' end,
      case when vdn % 97 = 0 then format('the server did not answer in time (VDN %s)', vdn) end
    from generate_series(1, 9999) as vdn;

    insert into held_change (source, vdn_id, plan, held_since, run_id, difference, reason)
    select 'prod', vdn, lpad(vdn::text, 16, '0'), now() - interval '9 hours', 30,
      (select jsonb_agg(jsonb_build_object('kind', 'removed', 'obsCode', '00' || code, 'before',
        'Outbound call ended for reason ' || code, 'after', null)) from generate_series(601, 660) as code), 'the list would become empty'
    from generate_series(89, 9999, 89) as vdn;

    insert into result_code_history (source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to, opened_run_id, closed_run_id)
    select 'prod', vdn_id, '00' || code, 'Reason ' || code, first_verified_at, v.changed,
      1, case when v.changed is not null then 30 end
    from vdn
    cross join generate_series(601, 612) as code
    cross join lateral (select case when code = 603 then now() - interval '9 hours' + interval '1 second' end) as v (changed);

    insert into result_code_history (source, vdn_id, obs_code, obs_code_desc, valid_from, opened_run_id)
    select source, vdn_id, obs_code, 'Reason 603, rewritten', valid_to, 30
    from result_code_history where valid_to is not null;

    analyze`);
}
