import { query } from './template-database.ts';

/**
 * What must hold in the code tables at every moment, after any kill or lost connection. Each rule selects the
 * rows that break it.
 */
const codeRules: Readonly<Record<string, string>> = {
  'an active code has exactly one open version, with its description': `
    select c.source, c.vdn_id, c.obs_code from obs.result_code as c
    left join obs.result_code_history as h
      on (h.source, h.vdn_id, h.obs_code) = (c.source, c.vdn_id, c.obs_code) and h.valid_to is null
    where c.removed_at is null
    group by c.source, c.vdn_id, c.obs_code
    having count(h.obs_code) <> 1 or bool_or(h.obs_code_desc is distinct from c.obs_code_desc)`,
  'a removed code has no open version': `
    select source, vdn_id, obs_code from obs.result_code_history as h
    where valid_to is null
      and not exists (select from obs.result_code as c
        where (c.source, c.vdn_id, c.obs_code) = (h.source, h.vdn_id, h.obs_code) and c.removed_at is null)`,
  'versions of a code do not overlap': `
    select source, vdn_id, obs_code from (
      select *, lead(valid_from) over (partition by source, vdn_id, obs_code order by valid_from) as next
      from obs.result_code_history) as version
    where next is not null and (valid_to is null or valid_to > next) or valid_to <= valid_from`,
  'a code changed when its newest version began or ended': `
    select c.source, c.vdn_id, c.obs_code from obs.result_code as c
    left join obs.result_code_history as h
      on (h.source, h.vdn_id, h.obs_code) = (c.source, c.vdn_id, c.obs_code)
    group by c.source, c.vdn_id, c.obs_code
    having c.changed_at is distinct from max(greatest(h.valid_from, h.valid_to))
      or c.first_seen_at is distinct from min(h.valid_from)
      or c.removed_at is not null and c.removed_at is distinct from max(h.valid_to)`,
  'a VDN knows how many active codes it has': `
    select v.source, v.vdn_id, v.code_count from obs.vdn as v
    where v.code_count <> (select count(*) from obs.result_code as c
      where (c.source, c.vdn_id) = (v.source, v.vdn_id) and c.removed_at is null)`,
  'a VDN with codes was verified': `
    select source, vdn_id from obs.result_code
    except select source, vdn_id from obs.vdn where first_verified_at is not null`,
  'a VDN that was verified by the last attempt is not held': `
    select source, vdn_id from obs.held_change natural join obs.vdn
    where last_outcome in ('unchanged', 'changed')`,
};

/** What must also hold in the run log, once no run is under way and no dead run waits for the next one. */
const runRules: Readonly<Record<string, string>> = {
  'no run is left running': `
    select run_id from obs.sync_run where status = 'running' or finished_at is null`,
  "a run's counts of VDNs add up": `
    select run_id from obs.sync_run
    where vdns_total <> vdns_unchanged + vdns_changed + vdns_failed + vdns_held + vdns_skipped + vdns_fresh`,
  "a run's lines are as many as its counts": `
    select r.run_id from obs.sync_run as r left join obs.sync_run_vdn as l on l.run_id = r.run_id
    where r.status <> 'interrupted'
    group by r.run_id
    having r.vdns_changed <> count(*) filter (where l.outcome = 'changed')
      or r.vdns_failed <> count(*) filter (where l.outcome = 'failed')
      or r.vdns_held <> count(*) filter (where l.outcome = 'held')
      or r.codes_added <> coalesce(sum(l.codes_added), 0)
      or r.codes_removed <> coalesce(sum(l.codes_removed), 0)`,
};

/** Which rules the code tables break, each with a few of the rows; for any moment, also after `kill -9`. */
export function codeViolations(url: string): Promise<string[]> {
  return broken(url, codeRules);
}

/** Which rules the tables break after the last run has ended; there should be none. */
export function violations(url: string): Promise<string[]> {
  return broken(url, { ...codeRules, ...runRules });
}

async function broken(url: string, rules: Readonly<Record<string, string>>): Promise<string[]> {
  // One statement, so that all rules see one moment.
  const statement = Object.entries(rules)
    .map(
      ([rule, rows]) =>
        `select '${rule.replaceAll("'", "''")}' as rule, (select jsonb_agg(r) from (${rows} limit 5) as r) as rows`,
    )
    .join('\nunion all\n');
  const found = await query(url, statement);
  return found.flatMap(({ rule, rows }) => (rows === null ? [] : [`${rule}: ${JSON.stringify(rows)}`]));
}
