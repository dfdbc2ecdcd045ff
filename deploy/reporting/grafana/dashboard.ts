/** Where on the page a query's answer stands, and how; a query is Grafana's SQL for its Postgres data source. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'table' | 'timeseries';
  /** Of 24. */
  readonly width: number;
  readonly height: number;
  readonly sql: string;
  /** Of a graph's values; default: a count. */
  readonly unit?: string;
  readonly bars?: boolean;
}

interface Question {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const counts = (column: string) => `sum(${column})::integer as ${column}`;

export const questions: readonly Question[] = [
  {
    title: 'Can today’s reports be trusted?',
    panels: [
      {
        title: 'Sources',
        description: 'One sentence for each source, as a report has it at its foot.',
        ...{ type: 'table', width: 16, height: 6 },
        sql: 'select source, is_trustworthy, message from obs.source_status order by source',
      },
      {
        title: 'VDNs in trouble',
        description: 'Stale: not verified for longer than freshness.staleAfter, never, or in the future.',
        ...{ type: 'stat', width: 8, height: 6 },
        sql: `select ${['stale_vdns', 'failing_vdns', 'held_vdns'].map(counts).join(', ')} from obs.source_status`,
      },
      {
        title: 'Which, and why',
        description: 'A VDN that is failing but not stale can still be trusted.',
        ...{ type: 'table', width: 24, height: 8 },
        sql: `
select source, vdn_id, is_stale, is_failing, is_held, last_verified_at, failing_since, consecutive_failures,
  last_error_code, last_error_message
from obs.freshness
where is_stale or is_failing or is_held
order by source, vdn_id`,
      },
    ],
  },
  {
    title: 'What needs a decision?',
    panels: [
      {
        title: 'Held changes',
        description: 'Changes too large to believe. If one is right, run its command; if not, do nothing.',
        ...{ type: 'table', width: 24, height: 7 },
        sql: `
select h.source, h.reason, count(*)::integer as vdns, min(h.vdn_id) as for_example, min(h.held_since) as held_since,
  'sync --approve ' || h.plan as command
from obs.held_change as h
join obs.freshness as f on f.source = h.source and f.vdn_id = h.vdn_id
group by h.source, h.plan, h.reason
order by held_since, h.source`,
      },
    ],
  },
  {
    title: 'What changed?',
    panels: [
      {
        title: 'Changes of codes',
        description: 'Without the first lists of VDNs.',
        ...{ type: 'timeseries', width: 12, height: 9, bars: true },
        sql: `
select $__timeGroupAlias(changed_at, $__interval), kind as metric, count(*) as value
from obs.code_change
where $__timeFilter(changed_at) and kind <> 'initial'
group by 1, 2
order by 1, 2`,
      },
      {
        title: 'The latest',
        description: 'At most 200.',
        ...{ type: 'table', width: 12, height: 9 },
        sql: `
select changed_at, kind, source, vdn_id, obs_code, old_desc, new_desc
from obs.code_change
where $__timeFilter(changed_at) and kind <> 'initial'
order by changed_at desc, source, vdn_id, obs_code
limit 200`,
      },
    ],
  },
  {
    title: 'How did the runs go?',
    panels: [
      {
        title: 'VDNs by outcome',
        description: 'Each run, with what its VDNs came to.',
        ...{ type: 'timeseries', width: 12, height: 9, bars: true },
        sql: `
select started_at as time, vdns_unchanged as unchanged, vdns_changed as changed, vdns_failed as failed,
  vdns_held as held, vdns_skipped as skipped, vdns_fresh as fresh
from obs.sync_run
where $__timeFilter(started_at)
order by 1`,
      },
      {
        title: 'How long they took',
        description: 'A run that is under way counts until now.',
        ...{ type: 'timeseries', width: 12, height: 9, unit: 's' },
        sql: `
select started_at as time, extract(epoch from coalesce(finished_at, now()) - started_at)::double precision as duration
from obs.sync_run
where $__timeFilter(started_at)
order by 1`,
      },
      {
        title: 'Runs',
        description: 'The latest 50.',
        ...{ type: 'table', width: 24, height: 8 },
        sql: `
select run_id, started_at, finished_at, status, exit_code, vdns_total, vdns_failed, vdns_held, requests, error_message
from obs.sync_run
where started_at between $__timeFrom() and $__timeTo()
order by run_id desc
limit 50`,
      },
    ],
  },
  {
    title: 'How many calls’ codes are unknown? (calls: your own table)',
    panels: [
      {
        title: 'Calls with a code',
        description: 'A code is unknown when the list of its VDN never had it.',
        ...{ type: 'timeseries', width: 12, height: 9 },
        sql: `
select $__timeGroupAlias(c.call_time, $__interval), count(r.obs_code) as known, count(*) - count(r.obs_code) as unknown
from calls as c
left join obs.result_code as r
  on r.source = c.source and r.vdn_id = c.vdn_id and r.obs_code = c.fail_code
where $__timeFilter(c.call_time) and btrim(c.fail_code) <> ''
group by 1
order by 1`,
      },
      {
        title: 'Unknown codes',
        description: 'The commonest 50.',
        ...{ type: 'table', width: 12, height: 9 },
        sql: `
select c.source, c.vdn_id, c.fail_code, count(*) as calls, max(c.call_time) as last_call
from calls as c
left join obs.result_code as r
  on r.source = c.source and r.vdn_id = c.vdn_id and r.obs_code = c.fail_code
where $__timeFilter(c.call_time) and btrim(c.fail_code) <> '' and r.obs_code is null
group by c.source, c.vdn_id, c.fail_code
order by calls desc, c.source, c.vdn_id, c.fail_code
limit 50`,
      },
    ],
  },
];

const datasource = { type: 'grafana-postgresql-datasource', uid: '${datasource}' };

/** The dashboard as Grafana imports it; its data source is chosen there. */
export function dashboard(): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const { title, panels: answers } of questions) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    for (const panel of answers) {
      if (x + panel.width > 24) {
        x = 0;
        y += answers[answers.indexOf(panel) - 1]?.height ?? 0;
      }
      panels.push({ id: ++id, gridPos: { x, y, w: panel.width, h: panel.height }, ...shown(panel) });
      x += panel.width;
    }
    y += answers.at(-1)?.height ?? 0;
  }
  return {
    uid: 'obs-code-sync',
    title: 'OBS result codes',
    description: 'From the database of obs-code-sync, whether a CronJob or the scheduler runs it.',
    ...{ schemaVersion: 39, version: 1, editable: true, tags: ['obs-code-sync'], timezone: 'browser' },
    time: { from: 'now-30d', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Database', type: 'datasource', query: datasource.type }],
    },
    panels,
  };
}

function shown({ type, title, description, sql, unit, bars }: Panel): object {
  const format = type === 'timeseries' ? 'time_series' : 'table';
  return {
    ...{ type, title, description, datasource },
    targets: [{ refId: 'A', datasource, editorMode: 'code', rawQuery: true, format, rawSql: sql.trim() }],
    fieldConfig: {
      defaults: {
        ...(unit === undefined ? {} : { unit }),
        ...(bars
          ? { custom: { drawStyle: 'bars', fillOpacity: 80, stacking: { mode: 'normal', group: 'A' } } }
          : {}),
      },
      overrides: [],
    },
    ...(type === 'stat'
      ? { options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } } }
      : {}),
  };
}
