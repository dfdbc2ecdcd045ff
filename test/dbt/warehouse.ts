import pg from 'pg';

/** A schema as a few nights leave it, and calls of the time before and after: all codes are mapped in the example's seed. */
const nights = `
  insert into obs.source (source, stale_after) values ('prod', '36 hours');
  insert into obs.vdn (source, vdn_id, code_count, first_verified_at, last_verified_at)
  select 'prod', vdn, 2, now() - interval '20 days', now() - interval '3 hours' from generate_series(1, 3) as vdn;

  insert into obs.sync_run (status, trigger, arguments, version, host)
  select 'succeeded', 'cli', '', '0.1.0', 'here' from generate_series(1, 2);

  insert into obs.result_code_history
    (source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to, opened_run_id, closed_run_id)
  select 'prod', vdn, '00602', 'No answer', now() - interval '20 days', now() - interval '9 days', 1, 2
  from generate_series(1, 3) as vdn
  union all
  select 'prod', vdn, '00602', 'Not reached', now() - interval '9 days', null, 2, null from generate_series(1, 3) as vdn
  union all
  select 'prod', vdn, '00605', 'Busy', now() - interval '20 days', null, 1, null from generate_series(1, 3) as vdn;

  insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
  select source, vdn_id, obs_code, obs_code_desc, now() - interval '20 days', valid_from
  from obs.result_code_history where valid_to is null;

  create table public.calls (
    call_id integer primary key, source text, vdn_id integer, call_time timestamptz, called text, call_status integer,
    fail_code text, external_result text);
  insert into public.calls
  select n, 'prod', 1 + n % 3, now() - n * interval '1 hour', '', 5,
    case n % 4 when 0 then '00602' when 1 then '00605' when 2 then '99999' end, null
  from generate_series(1, 600) as n`;

/** One VDN that was never verified and one that claims to be verified tomorrow. */
const untrustworthy = `
  update obs.vdn set last_verified_at = null where vdn_id = 2;
  update obs.vdn set last_verified_at = now() + interval '1 day' where vdn_id = 3`;

async function run(url: string, statements: string): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return [await client.query(statements)].flat();
  } finally {
    await client.end();
  }
}

export const fill = (url: string) => run(url, nights);
export const spoil = (url: string) => run(url, untrustworthy);

/** What the example made of the calls: how many of each state there are, and how many texts of 00602. */
export async function outcome(url: string): Promise<string> {
  const [result] = await run(
    url,
    `select obs_code_state || ' ' || count(*) || ' ' || count(distinct obs_code_desc) as line
     from reports.calls_with_reason group by obs_code_state order by obs_code_state`,
  );
  return (result?.rows ?? []).map(({ line }) => line).join(', ');
}
