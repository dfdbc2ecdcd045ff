import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { CommandResult } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { migrateTo } from '../support/schema-versions.ts';
import { databaseUrl, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

// Roles belong to a whole server, so this one is the test's own.
const server = await startEmbeddedServer();
const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 6 });
afterAll(() => Promise.all([server.close(), simulator.close()]));

const warehouse = databaseUrl(server.url, 'warehouse');

async function command(
  role: 'obs_owner' | 'obs_writer' | 'obs_reader',
  ...args: string[]
): Promise<CommandResult> {
  const url = new URL(warehouse);
  url.username = role;
  url.password = role;
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: url.href },
    sources: [{ name: 'prod', baseUrl: simulator.baseUrl, vdns: [1, 2], locale: 'en_US' }],
  });
  return call(args, config);
}

/** The roles and rights of version 0.1.0's documentation. */
const roles = `
  create role obs_owner login password 'obs_owner'; create role obs_writer login password 'obs_writer';
  create role obs_reader login password 'obs_reader';
  create schema obs authorization obs_owner;
  grant usage on schema obs to obs_writer, obs_reader;
  alter default privileges for role obs_owner in schema obs grant select on tables to obs_writer, obs_reader`;
const grants = `
  grant insert, update on obs.vdn, obs.result_code, obs.result_code_history to obs_writer;
  grant insert, update, delete on obs.held_change, obs.sync_run, obs.sync_run_vdn to obs_writer`;

/** Its alert on VDNs. */
const alert = `
  select source, vdn_id, age, is_failing, failing_since, last_error_code, last_error_message, is_held, held_since, plan
  from obs.freshness
  where is_failing or is_held or age is null or age > interval '36 hours'
  order by source, vdn_id`;

const codes = simulator
  .vdn(1)
  .list('en_US')
  .toSorted((a, b) => (a.obsCode < b.obsCode ? -1 : 1));
const difference = codes.map(({ obsCode, obsCodeDesc }) => ({
  ...{ kind: 'removed', obsCode, before: obsCodeDesc, after: null },
}));
const changes = difference.map(({ kind, obsCode, before, after }) => [kind, obsCode, before, after]);
const plan = createHash('sha256')
  .update(JSON.stringify(['prod', changes]))
  .digest('hex');

beforeAll(async () => {
  await query(server.url, 'create database warehouse');
  await query(warehouse, roles);
  const owner = new URL(warehouse);
  owner.username = 'obs_owner';
  owner.password = 'obs_owner';
  const database = await openDatabase({ url: owner.href, schema: 'obs' });
  await migrateTo(database, '0004_view_comments');
  await database.close();
  await query(owner.href, grants);
  const list = JSON.stringify(
    [1, 2].flatMap((vdn) =>
      simulator
        .vdn(vdn)
        .list('en_US')
        .map((code) => ({ vdn, ...code })),
    ),
  );
  await query(
    warehouse,
    `insert into obs.sync_run (started_at, finished_at, status, trigger, arguments, version, host, exit_code, vdns_total, vdns_held, vdns_unchanged)
       values (now() - interval '2 days', now() - interval '2 days', 'partial', 'cli', 'sync', '0.1.0', 'h', 4, 2, 1, 1);
     insert into obs.vdn (source, vdn_id, code_count, first_verified_at, last_verified_at, last_outcome, last_run_id)
       select 'prod', v, 6, now() - interval '9 days', now() - interval '2 days', 'held', 1 from unnest(array[1, 2]) as v;
     insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
       select 'prod', vdn, "obsCode", "obsCodeDesc", now() - interval '9 days', now() - interval '9 days'
       from json_to_recordset($json$${list}$json$) as l (vdn integer, "obsCode" text, "obsCodeDesc" text);
     insert into obs.result_code_history (source, vdn_id, obs_code, valid_from, obs_code_desc, opened_run_id)
       select source, vdn_id, obs_code, first_seen_at, obs_code_desc, 1 from obs.result_code;
     insert into obs.sync_run_vdn (run_id, source, vdn_id, outcome, duration_ms, plan)
       values (1, 'prod', 1, 'held', 5, '${plan.slice(0, 12)}');
     insert into obs.held_change (source, vdn_id, plan, held_since, run_id, difference)
       values ('prod', 1, '${plan.slice(0, 12)}', '2026-11-01 02:15+00', 1, $json$${JSON.stringify(difference)}$json$)`,
  );
});

test('a database of 0.1.0, with what it held, its roles and its alerts, needs `migrate` alone', async () => {
  expect(await command('obs_writer', 'sync')).toMatchObject({ exitCode: 7 });
  expect(await command('obs_owner', 'migrate')).toMatchObject({ exitCode: 0 });

  const status = await command('obs_reader', 'status', '--json');
  expect(status.json()).toMatchObject({
    held: [
      {
        plan: plan.slice(0, 16),
        reason: 'held by version 0.1.0, which stored no reason',
        heldSince: '2026-11-01T02:15:00.000Z',
      },
    ],
  });
  expect(await query(warehouse, `select source, server, stale_after::text from obs.source`)).toEqual([
    { source: 'prod', server: null, stale_after: '36:00:00' },
  ]);
  expect(await command('obs_writer', 'check')).toMatchObject({ exitCode: 0 });

  // The difference is still there: the run holds it under the plan that the migration has computed.
  simulator.vdn(1).replace([]);
  const night = await command('obs_writer', 'sync', '--json');
  expect(night.json()).toMatchObject({ exitCode: 4, vdns: { held: 1, unchanged: 1 } });
  expect(await query(warehouse, alert)).toMatchObject([
    { vdn_id: 1, is_held: true, plan: plan.slice(0, 16) },
  ]);

  const short = await command('obs_writer', 'sync', '--approve', plan.slice(0, 12));
  expect(short).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/`node .* status( --config .*)?`/),
  });
  const approved = await command('obs_writer', 'sync', '--json', '--approve', plan.slice(0, 16));
  expect(approved.json()).toMatchObject({ exitCode: 0, codes: { removed: 6 } });
  expect(await violations(warehouse)).toEqual([]);
});
