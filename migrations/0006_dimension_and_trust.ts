import { type Kysely, sql } from 'kysely';

/**
 * A dimension that tools can use, finite dates, codes of VDNs that nobody reads any more told apart, and one verdict
 * on each VDN and each source. The views that were there keep their columns and gain some at their end.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    activeResultCode,
    codeView('code', ['obs_code']),
    codeView('code_by_source', ['source', 'obs_code']),
    codeByNumber,
    resultCodePeriod,
    obsCodeDimension,
    freshness,
    sourceStatus,
  ]) {
    await statement.execute(db);
  }
}

// Left joins to the VDN on its primary key: the planner drops them where their columns are not asked for.
const activeResultCode = sql`
  create or replace view active_result_code as
  select c.source, c.vdn_id, c.obs_code, c.obs_code_number, c.obs_code_desc, c.first_seen_at, c.changed_at,
    coalesce(v.configured, false) as is_monitored
  from result_code as c
  left join vdn as v on v.source = c.source and v.vdn_id = c.vdn_id
  where c.removed_at is null`;

/**
 * Monitored is said of the VDNs that `is_active` speaks of: a code that only an abandoned VDN still lists must not
 * look alive because a configured one once had it.
 */
const isMonitored = sql`coalesce(bool_or(active_monitored), bool_or(monitored)) as is_monitored`;

function codeView(view: string, key: readonly string[]) {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  return sql`
    create or replace view ${sql.ref(view)} as
    select ${columns},
      (array_agg(obs_code_desc order by active_vdns desc, vdns desc, obs_code_desc collate "C"))[1]
        as obs_code_desc,
      bool_or(active_vdns > 0) as is_active,
      sum(vdns)::integer as vdn_count,
      count(*)::integer as description_count,
      count(*) > 1 as is_ambiguous,
      ${isMonitored}
    from (
      select ${sql.join(key.map((column) => sql.ref(`c.${column}`)))}, c.obs_code_desc, count(*) as vdns,
        count(*) filter (where c.removed_at is null) as active_vdns,
        bool_or(coalesce(v.configured, false)) filter (where c.removed_at is null) as active_monitored,
        bool_or(coalesce(v.configured, false)) as monitored
      from result_code as c
      left join vdn as v on v.source = c.source and v.vdn_id = c.vdn_id
      group by ${sql.join(key.map((column) => sql.ref(`c.${column}`)))}, c.obs_code_desc
    ) as description
    group by ${columns}`;
}

const codeByNumber = sql`
  create or replace view code_by_number as
  select obs_code_number,
    (array_agg(obs_code_desc order by active_vdns desc, vdns desc, obs_code_desc collate "C"))[1]
      as obs_code_desc,
    bool_or(active_vdns > 0) as is_active,
    sum(new_vdns)::integer as vdn_count,
    count(*)::integer as description_count,
    count(*) > 1 as is_ambiguous,
    ${isMonitored}
  from (
    select obs_code_number, obs_code_desc, count(*) as vdns, count(*) filter (where is_active) as active_vdns,
      count(*) filter (where nth_of_vdn = 1) as new_vdns,
      bool_or(configured) filter (where is_active) as active_monitored, bool_or(configured) as monitored
    from (
      select c.obs_code_number, c.source, c.vdn_id, c.obs_code_desc, bool_or(c.removed_at is null) as is_active,
        row_number() over (partition by c.obs_code_number, c.source, c.vdn_id) as nth_of_vdn,
        bool_or(coalesce(v.configured, false)) as configured
      from result_code as c
      left join vdn as v on v.source = c.source and v.vdn_id = c.vdn_id
      where c.obs_code_number is not null
      group by c.obs_code_number, c.source, c.vdn_id, c.obs_code_desc
    ) as vdn_description
    group by obs_code_number, obs_code_desc
  ) as description
  group by obs_code_number`;

/**
 * Infinity is an error in psycopg, polars and ADBC, the year 9999 does not fit the nanoseconds of pandas, and 1900 has
 * a local mean time of +08:05:43 in Shanghai.
 */
const ever = sql`timestamptz '1970-01-01 00:00:00+00'`;
const never = sql`timestamptz '2200-01-01 00:00:00+00'`;

const joinsFrom = sql`case when lag(h.valid_from) over versions is null then ${ever} else h.valid_from end`;
const joinsTo = sql`coalesce(lead(h.valid_from) over versions, ${never})`;
const versionsOfCode = sql`
    from result_code_history as h
    where h.source = c.source and h.vdn_id = c.vdn_id and h.obs_code = c.obs_code
    window versions as (order by h.valid_from)`;

const resultCodePeriod = sql`
  create or replace view result_code_period as
  select c.source, c.vdn_id, c.obs_code, p.obs_code_desc, p.joins_from, p.joins_to, p.valid_from, p.valid_to
  from result_code as c
  cross join lateral (
    select h.obs_code_desc, h.valid_from, h.valid_to, ${joinsFrom} as joins_from, ${joinsTo} as joins_to
    ${versionsOfCode}
  ) as p`;

// The key counts microseconds: a timestamp as text would change with the session's DateStyle and TimeZone.
const obsCodeDimension = sql`
  create view obs_code_dimension as
  select
    c.source || '/' || c.vdn_id::text || '/' || (extract(epoch from p.seen_from) * 1000000)::bigint::text || '/'
      || c.obs_code as obs_code_key,
    c.source || '/' || c.vdn_id::text || '/' || c.obs_code as code_key,
    c.source, c.vdn_id, c.obs_code, p.obs_code_desc, p.valid_from, p.valid_to, p.version_number, p.is_current,
    c.removed_at is null as is_active,
    coalesce(v.configured, false) as is_monitored,
    p.seen_from, p.seen_to, c.removed_at,
    v.first_verified_at as vdn_first_verified_at, v.last_verified_at
  from result_code as c
  cross join lateral (
    select h.obs_code_desc, h.valid_from as seen_from, h.valid_to as seen_to,
      ${joinsFrom} as valid_from, ${joinsTo} as valid_to,
      (row_number() over versions)::integer as version_number,
      lead(h.valid_from) over versions is null as is_current
    ${versionsOfCode}
  ) as p
  left join vdn as v on v.source = c.source and v.vdn_id = c.vdn_id`;

// clock_timestamp(), not now(): in a transaction that began before the sync committed, its verification would lie in
// the future, which is stale. A double, since any instant that somebody writes into the table fits it.
const freshness = sql`
  create or replace view freshness as
  select v.source, v.vdn_id, v.code_count, v.first_verified_at, v.last_verified_at,
    now() - v.last_verified_at as age,
    v.last_changed_at, v.last_attempt_at, v.last_outcome, v.last_run_id,
    h.plan is not null as is_held, h.held_since, h.plan,
    v.failing_since is not null as is_failing, v.failing_since, v.consecutive_failures,
    v.last_error_code, v.last_error_message,
    v.last_verified_at is null
      or clock_timestamp() - v.last_verified_at not between interval '0' and coalesce(s.stale_after, '36 hours')
      as is_stale,
    extract(epoch from clock_timestamp() - v.last_verified_at)::double precision as age_seconds
  from vdn as v
  left join held_change as h on h.source = v.source and h.vdn_id = v.vdn_id
  left join source as s on s.source = v.source
  where v.configured`;

/** `1 is failing`, `2 are failing`, or null for none, which concat_ws passes over. */
const told = (count: string, word: string) => sql`
  case ${sql.ref(count)} when 0 then null when 1 then ${sql.lit(`1 is ${word}`)}
    else ${sql.ref(count)} || ${sql.lit(` are ${word}`)} end`;
const utc = (column: string) => sql`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`;

// One VDN that has failed for days makes the oldest verification days old, although all others are of last night:
// the sentence dates those that can be trusted, and counts the others.
const sourceStatus = sql`
  create view source_status as
  select source, vdns > 0 and trusted_vdns = vdns as is_trustworthy, vdns, stale_vdns, failing_vdns, held_vdns,
    oldest_verified_at, newest_verified_at,
    case
      when vdns = 0 then format('No VDN of %s is configured any more, so nothing verifies its codes.', source)
      else
        concat_ws('; ',
          concat(
            case trusted_vdns when 0 then 'None' else trusted_vdns::text end,
            format(' of %s %s of %s can be trusted', vdns, case vdns when 1 then 'VDN' else 'VDNs' end, source),
            ', verified between ' || ${utc('oldest_trusted_at')} || ' and ' || ${utc('newest_trusted_at')} || ' UTC'
          ),
          ${told('stale_vdns', 'stale')}, ${told('held_vdns', 'held')}, ${told('failing_vdns', 'failing')}
        ) || '.'
    end as message
  from (
    select known.source, count(f.vdn_id)::integer as vdns,
      (count(*) filter (where f.is_stale))::integer as stale_vdns,
      (count(*) filter (where f.is_failing))::integer as failing_vdns,
      (count(*) filter (where f.is_held))::integer as held_vdns,
      (count(*) filter (where not f.is_stale and not f.is_held))::integer as trusted_vdns,
      min(f.last_verified_at) as oldest_verified_at, max(f.last_verified_at) as newest_verified_at,
      min(f.last_verified_at) filter (where not f.is_stale and not f.is_held) as oldest_trusted_at,
      max(f.last_verified_at) filter (where not f.is_stale and not f.is_held) as newest_trusted_at
    from (select source from source union select source from vdn) as known
    left join freshness as f on f.source = known.source
    group by known.source
  ) as counted`;
