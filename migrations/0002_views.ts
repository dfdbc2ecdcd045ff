import { type Kysely, sql } from 'kysely';

/**
 * What reports read. Reports are built upon these: a later migration may only add columns at a view's end
 * (`create or replace view`), and the function's columns are final.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    activeResultCode,
    code,
    codeBySource,
    codeByNumber,
    resultCodePeriod,
    resultCodeAsOf,
    codeChange,
    freshness,
  ]) {
    await statement.execute(db);
  }
}

const activeResultCode = sql`
  create view active_result_code as
  select source, vdn_id, obs_code, obs_code_number, obs_code_desc, first_seen_at, changed_at
  from result_code
  where removed_at is null`;

// Grouping by description first makes the second grouping a matter of a few rows: 15 ms instead of 75 ms for
// 60,000 rows, and a condition on the key still reaches the index. A missing description counts as one.
const code = sql`
  create view code as
  select obs_code,
    (array_agg(obs_code_desc order by active_vdns desc, vdns desc, obs_code_desc collate "C"))[1]
      as obs_code_desc,
    bool_or(active_vdns > 0) as is_active,
    sum(vdns)::integer as vdn_count,
    count(*)::integer as description_count,
    count(*) > 1 as is_ambiguous
  from (
    select obs_code, obs_code_desc, count(*) as vdns, count(*) filter (where removed_at is null) as active_vdns
    from result_code
    group by obs_code, obs_code_desc
  ) as description
  group by obs_code`;

const codeBySource = sql`
  create view code_by_source as
  select source, obs_code,
    (array_agg(obs_code_desc order by active_vdns desc, vdns desc, obs_code_desc collate "C"))[1]
      as obs_code_desc,
    bool_or(active_vdns > 0) as is_active,
    sum(vdns)::integer as vdn_count,
    count(*)::integer as description_count,
    count(*) > 1 as is_ambiguous
  from (
    select source, obs_code, obs_code_desc, count(*) as vdns,
      count(*) filter (where removed_at is null) as active_vdns
    from result_code
    group by source, obs_code, obs_code_desc
  ) as description
  group by source, obs_code`;

// One VDN may hold 605 and 00605, which are one number: it must count as one VDN, with the same description
// twice or with two, so its rows are put together first.
const codeByNumber = sql`
  create view code_by_number as
  select obs_code_number,
    (array_agg(obs_code_desc order by active_vdns desc, vdns desc, obs_code_desc collate "C"))[1]
      as obs_code_desc,
    bool_or(active_vdns > 0) as is_active,
    sum(new_vdns)::integer as vdn_count,
    count(*)::integer as description_count,
    count(*) > 1 as is_ambiguous
  from (
    select obs_code_number, obs_code_desc, count(*) as vdns, count(*) filter (where is_active) as active_vdns,
      count(*) filter (where nth_of_vdn = 1) as new_vdns
    from (
      select obs_code_number, source, vdn_id, obs_code_desc, bool_or(removed_at is null) as is_active,
        row_number() over (partition by obs_code_number, source, vdn_id) as nth_of_vdn
      from result_code
      where obs_code_number is not null
      group by obs_code_number, source, vdn_id, obs_code_desc
    ) as vdn_description
    group by obs_code_number, obs_code_desc
  ) as description
  group by obs_code_number`;

// The versions are looked up code by code, so that a report on a day's calls reads by index: 5 ms, where one
// window over the history (180,000 versions) took 160 ms. All calls of a year take 0.6 s instead of 0.4 s.
const resultCodePeriod = sql`
  create view result_code_period as
  select c.source, c.vdn_id, c.obs_code, p.obs_code_desc, p.joins_from, p.joins_to, p.valid_from, p.valid_to
  from result_code as c
  cross join lateral (
    select h.obs_code_desc, h.valid_from, h.valid_to,
      case when lag(h.valid_from) over versions is null then '-infinity' else h.valid_from end as joins_from,
      coalesce(lead(h.valid_from) over versions, 'infinity') as joins_to
    from result_code_history as h
    where h.source = c.source and h.vdn_id = c.vdn_id and h.obs_code = c.obs_code
    window versions as (order by h.valid_from)
  ) as p`;

// The planner puts the query into the caller's only while this stays a single SELECT that is STABLE, not
// STRICT and has no SET clause.
const resultCodeAsOf = sql`
  create function result_code_as_of(as_of timestamptz)
  returns table (
    source text, vdn_id integer, obs_code text, obs_code_desc text, valid_from timestamptz, valid_to timestamptz
  )
  language sql stable
  begin atomic
    select h.source, h.vdn_id, h.obs_code, h.obs_code_desc, h.valid_from, h.valid_to
    from result_code_history as h
    where h.valid_from <= as_of and (h.valid_to is null or h.valid_to > as_of);
  end`;

// No window and no grouping: a condition on changed_at must reach the indexes on valid_from and valid_to.
const codeChange = sql`
  create view code_change as
  select h.valid_from as changed_at,
    case
      when h.valid_from = v.first_verified_at then 'initial'
      when p.valid_to is null then 'added'
      when p.valid_to = h.valid_from then 'changed'
      else 'returned'
    end as kind,
    h.source, h.vdn_id, h.obs_code, p.obs_code_desc as old_desc, h.obs_code_desc as new_desc,
    h.opened_run_id as run_id
  from result_code_history as h
  left join vdn as v on v.source = h.source and v.vdn_id = h.vdn_id
  left join lateral (
    select earlier.obs_code_desc, earlier.valid_to
    from result_code_history as earlier
    where earlier.source = h.source and earlier.vdn_id = h.vdn_id and earlier.obs_code = h.obs_code
      and earlier.valid_from < h.valid_from
    order by earlier.valid_from desc
    limit 1
  ) as p on true
  union all
  select h.valid_to, 'removed', h.source, h.vdn_id, h.obs_code, h.obs_code_desc, null, h.closed_run_id
  from result_code_history as h
  where h.valid_to is not null
    and not exists (
      select from result_code_history as next
      where next.source = h.source and next.vdn_id = h.vdn_id and next.obs_code = h.obs_code
        and next.valid_from = h.valid_to
    )`;

const freshness = sql`
  create view freshness as
  select v.source, v.vdn_id, v.code_count, v.first_verified_at, v.last_verified_at,
    now() - v.last_verified_at as age,
    v.last_changed_at, v.last_attempt_at, v.last_outcome, v.last_run_id,
    h.plan is not null as is_held, h.held_since, h.plan,
    v.failing_since is not null as is_failing, v.failing_since, v.consecutive_failures,
    v.last_error_code, v.last_error_message
  from vdn as v
  left join held_change as h on h.source = v.source and h.vdn_id = v.vdn_id
  where v.configured`;
