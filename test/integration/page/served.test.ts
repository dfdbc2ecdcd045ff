import type pg from 'pg';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { readPageReport } from '../../../src/page/report.ts';
import { renderStatusPage } from '../../../src/page/status-page.ts';
import { pageRoute } from '../../../src/schedule/routes.ts';
import { serve } from '../../../src/schedule/server.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { startEmbeddedServer, testDatabase } from '../../support/postgres.ts';
import { query } from '../../support/template-database.ts';
import { reportingDatabase } from '../reporting/stored-lists.ts';

const settings = {
  staleAfterMs: 36 * 3_600_000,
  invocation: { program: 'obs-code-sync', options: '' },
  timezone: 'UTC',
  nextRun: undefined,
  version: '0.1.0',
};

/** What `schedule` serves at `/`, over a database, and what it logs. */
async function served(url: string) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const database = await openDatabase({ url, schema: 'obs' });
  const routes = pageRoute(() => readPageReport(database, settings), settings, logger);
  const server = await serve({ host: '127.0.0.1', port: 0 }, routes, logger);
  onTestFinished(async () => {
    await server.close();
    await database.close();
  });
  const get = async (method = 'GET') => {
    const response = await fetch(server.url, { method });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { get, lines, database };
}

async function ownDatabase(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  return database.url;
}

test('the page is served by GET and HEAD only, under a strict policy, without cookies, and not kept', async () => {
  const { get } = await served(await ownDatabase());
  const { status, headers, body } = await get();
  expect(status).toBe(200);
  expect(body).toContain('There is nothing to trust yet: no run has been made.');
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^']{44}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  expect(headers.has('set-cookie')).toBe(false);

  const head = await get('HEAD');
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(head.headers.get('content-length')).toBe(headers.get('content-length'));
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await get(method)).status, method).toBe(405);
  }
});

test('the page shows what runs and VDNs left in the database', async () => {
  const url = await ownDatabase();
  await query(
    url,
    `insert into obs.vdn (source, vdn_id, code_count, first_verified_at, last_verified_at)
     values ('prod', 7, 120, now() - interval '9 hours', now() - interval '9 hours');
     insert into obs.sync_run (status, trigger, arguments, version, host, finished_at)
     values ('succeeded', 'cli', '', '', '', now())`,
  );
  const { body } = await (await served(url)).get();
  expect(body).toContain('the one VDN was verified within the last 36 h, 9 h ago.');
  expect(body).toContain('aria-label="VDN 7: 120 codes, 9 h ago"');
});

test('while the database is away the page comes with 503 and names no address; the log has the reason', async () => {
  const server = await startEmbeddedServer();
  onTestFinished(() => server.close());
  const { get, lines, database } = await served(server.url);
  await migrateToLatest(database);
  expect((await get()).status).toBe(200);
  expect(lines).toEqual([]);

  await server.stop();
  const { status, headers, body } = await get();
  expect(status).toBe(503);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(body).toContain('the database cannot be reached');
  const { hostname, port, password } = new URL(server.url);
  for (const secret of [hostname, port, password, 'postgres']) {
    if (secret !== '') expect(body).not.toContain(secret);
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(port);

  await server.start();
  expect((await get()).status).toBe(200);
});

test('a schema that does not fit is a 503 with the reason', async () => {
  const url = await ownDatabase();
  await query(url, `delete from obs.schema_migration where name > '0001'`);
  const { status, body } = await (await served(url)).get();
  expect(status).toBe(503);
  expect(body).toContain('the database answers but cannot be used');
  expect(body).toContain('Run the migrations');
});

test('a night on which one code changes in each of 9,999 VDNs: one row, everything else counted, under 1 MB', async () => {
  const { url, client } = await reportingDatabase();
  await fillLargeNight(client);
  const database = await openDatabase({ url, schema: 'obs' });
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
