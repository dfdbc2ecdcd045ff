import type pg from 'pg';
import { callsTable } from './recipes.ts';

/**
 * 500 VDNs of 120 codes with three versions each, some of them after a gap, of which 120 codes changed last night;
 * 200,000 calls over a year that ends now, one in three without a code and a few with unknown codes.
 */
export async function fillLargeTables(client: pg.Client): Promise<void> {
  await client.query(`
    insert into vdn (source, vdn_id, code_count, first_verified_at, last_verified_at)
    select 'prod', vdn, 120, now() - interval '300 days', now() - interval '3 hours' from generate_series(1, 500) as vdn;

    insert into result_code_history
      (source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to, opened_run_id, closed_run_id)
    select 'prod', vdn, lpad(code::text, 5, '0'), format('Reason %s, version %s', code, version),
      starts[version], starts[version + 1] - case code % 10 when 0 then interval '5 days' else '0' end,
      version, case when version < 3 then version + 1 end
    from generate_series(1, 500) as vdn
    cross join generate_series(601, 720) as code
    cross join lateral (
      values (array[
        now() - interval '300 days', now() - interval '200 days',
        case vdn when 7 then now() - interval '3 hours' else now() - interval '100 days' end])
    ) as version_starts (starts)
    cross join generate_series(1, 3) as version;

    insert into result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
    select source, vdn_id, obs_code, obs_code_desc, now() - interval '300 days', valid_from
    from result_code_history where valid_to is null`);
  await client.query(`set search_path = public; ${callsTable};
    create index calls_by_time on calls (call_time);
    insert into calls
    select call, 'prod', 1 + call % 500, now() - (200000 - call) * interval '150 seconds', '', 5 + (call % 3 = 0)::integer,
      case when call % 3 > 0 then lpad((601 + call / 500 % 122)::text, 5, '0') end, '1'
    from generate_series(1, 200000) as call;
    analyze`);
}
