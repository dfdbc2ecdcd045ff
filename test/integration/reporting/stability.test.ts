import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { testDatabase } from '../../support/postgres.ts';
import { migrateTo, migrationFolder } from '../../support/schema-versions.ts';
import { rowsOf } from './stored-lists.ts';

const migrations = readdirSync(migrationFolder)
  .map((file) => path.basename(file, '.ts'))
  .sort();

async function emptyDatabase() {
  const { url, close } = await testDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('drop schema obs cascade; create schema obs; create schema report');
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(async () => {
    await client.end();
    await database.close();
    await close();
  });
  return { client, database };
}

/** A report on every table, view and function there is, and a reader who may read all of it. */
async function dependOnEverything(client: pg.Client, reader: string): Promise<string[]> {
  const relations = await rowsOf(
    client,
    `select relname as name, relkind = 'v' as is_view from pg_class
     where relnamespace = 'obs'::regnamespace and relkind in ('r', 'v')`,
  );
  const functions = await rowsOf(
    client,
    `select proname as name from pg_proc where pronamespace = 'obs'::regnamespace`,
  );
  const sources = [
    ...relations.map(({ name }) => [name, `obs.${name}`]),
    ...functions.map(({ name }) => [name, `obs.${name}(now())`]),
  ];
  for (const [name, from] of sources)
    await client.query(`create view report.${name} as select * from ${from}`);
  await client.query(`create role ${reader};
    grant usage on schema obs, report to ${reader};
    grant select on all tables in schema obs, report to ${reader}`);
  return sources.flatMap(([name, from]) => [`report.${name}`, `${from}`]);
}

describe('reports that were built on an earlier version', () => {
  test.each(migrations)('still work after an upgrade from %s', async (migration) => {
    const { client, database } = await emptyDatabase();
    await migrateTo(database, migration);
    await client.query(`
      insert into obs.vdn (source, vdn_id, first_verified_at) values ('prod', 7, now());
      insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at)
      values ('prod', 7, '00605', 'Busy', now(), now());
      insert into obs.result_code_history (source, vdn_id, obs_code, obs_code_desc, valid_from, opened_run_id)
      values ('prod', 7, '00605', 'Busy', now(), 1)`);
    const reader = `reader_${randomBytes(4).toString('hex')}`;
    const sources = await dependOnEverything(client, reader);
    onTestFinished(async () => {
      await client.query(`reset role; drop owned by ${reader}; drop role ${reader}`);
    });

    const done = await migrateToLatest(database);
    expect(done).toEqual(migrations.slice(migrations.indexOf(migration) + 1));

    await client.query(`set role ${reader}`);
    for (const source of sources)
      await expect(rowsOf(client, `select * from ${source}`)).resolves.toBeDefined();
    const [busy] = await rowsOf(
      client,
      `select obs_code_desc from report.result_code where obs_code = '00605'`,
    );
    expect(busy).toEqual({ obs_code_desc: 'Busy' });
  });
});

/** Add to the end of a list, and remove nothing: a report may use it. */
const promised: Readonly<Record<string, string>> = {
  active_result_code:
    'source, vdn_id, obs_code, obs_code_number, obs_code_desc, first_seen_at, changed_at, is_monitored',
  code: 'obs_code, obs_code_desc, is_active, vdn_count, description_count, is_ambiguous, is_monitored',
  code_by_source:
    'source, obs_code, obs_code_desc, is_active, vdn_count, description_count, is_ambiguous, is_monitored',
  code_by_number:
    'obs_code_number, obs_code_desc, is_active, vdn_count, description_count, is_ambiguous, is_monitored',
  result_code_period: 'source, vdn_id, obs_code, obs_code_desc, joins_from, joins_to, valid_from, valid_to',
  code_change: 'changed_at, kind, source, vdn_id, obs_code, old_desc, new_desc, run_id',
  freshness:
    'source, vdn_id, code_count, first_verified_at, last_verified_at, age, last_changed_at, last_attempt_at, ' +
    'last_outcome, last_run_id, is_held, held_since, plan, is_failing, failing_since, consecutive_failures, ' +
    'last_error_code, last_error_message, is_stale, age_seconds',
  obs_code_dimension:
    'obs_code_key, code_key, source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to, version_number, ' +
    'is_current, is_active, is_monitored, seen_from, seen_to, removed_at, vdn_first_verified_at, last_verified_at',
  source_status:
    'source, is_trustworthy, vdns, stale_vdns, failing_vdns, held_vdns, oldest_verified_at, newest_verified_at, message',
};

test('the views have the columns that reports were promised', async () => {
  const { url, close } = await testDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await close();
  });
  const rows = await rowsOf(
    client,
    `select relname as view, string_agg(attname, ', ' order by attnum) as columns
     from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0
     where relnamespace = 'obs'::regnamespace and relkind = 'v' group by relname`,
  );
  expect(Object.fromEntries(rows.map(({ view, columns }) => [view, columns]))).toEqual(promised);
});
