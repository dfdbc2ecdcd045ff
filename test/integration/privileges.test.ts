import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { CommandResult } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { sqlUnder } from '../support/documents.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

// Roles belong to a whole server, so this one is the test's own.
const server = await startEmbeddedServer();
const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 20 });
afterAll(() => Promise.all([server.close(), simulator.close()]));

const warehouse = databaseUrl(server.url, 'warehouse');
type Role = 'obs_owner' | 'obs_writer' | 'obs_reader';

function urlAs(role: Role): string {
  const url = new URL(warehouse);
  url.username = role;
  url.password = role;
  return url.href;
}

async function command(role: Role, ...args: string[]): Promise<CommandResult> {
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: urlAs(role) },
    sources: [{ baseUrl: simulator.baseUrl, vdns: ['1-4'] }],
    retention: { runs: '1d' },
  });
  return call(args, config);
}

/** SQLSTATE insufficient_privilege. */
const refused = { code: '42501' };
const tables = [
  'vdn',
  'result_code',
  'result_code_history',
  'source',
  'held_change',
  'sync_run',
  'sync_run_vdn',
];

describe('the three roles of docs/operations.md', () => {
  beforeAll(async () => {
    await query(server.url, 'create database warehouse');
    const [roles = ''] = sqlUnder('Three roles');
    await query(warehouse, roles);
    for (const role of ['obs_owner', 'obs_writer', 'obs_reader']) {
      await query(warehouse, `alter role ${role} password '${role}'`);
    }
  });

  // The tests after it need these rights.
  test('what `migrate` grants is what the page says', async () => {
    const roles = ['--grant-writer', 'obs_writer', '--grant-reader', 'obs_reader'];
    expect(await command('obs_owner', 'migrate', ...roles)).toMatchObject({ exitCode: 0 });
    const [, grants = ''] = sqlUnder('Three roles');
    await query(warehouse, 'create role by_hand_writer; create role by_hand_reader');
    await query(urlAs('obs_owner'), grants.replaceAll(/obs_(writer|reader)/g, 'by_hand_$1'));
    const rights = (role: string) =>
      query(
        warehouse,
        `select place, privilege_type from (
           select relname::text as place, relacl as acl from pg_class where relnamespace = 'obs'::regnamespace
           union all select 'schema', nspacl from pg_namespace where nspname = 'obs'
           union all select 'later', defaclacl from pg_default_acl) as all_rights
         cross join aclexplode(acl) where grantee = '${role}'::regrole order by 1, 2`,
      );
    for (const kind of ['writer', 'reader']) {
      const granted = await rights(`obs_${kind}`);
      expect(granted.length).toBeGreaterThan(15);
      expect(granted).toEqual(await rights(`by_hand_${kind}`));
    }
  });

  test('a role that is not there is named, and nothing is granted', async () => {
    const result = await command(
      'obs_owner',
      'migrate',
      '--grant-reader',
      'analyst',
      '--grant-writer',
      'missing_role',
    );
    expect(result.exitCode).toBe(7);
    expect(result.stderr).toContain('has no role missing_role. Create it first');
  });

  test('the writer does everything that a run does: change, remove, hold, fail, verify, prune', async () => {
    expect(await command('obs_writer', 'sync')).toMatchObject({ exitCode: 0 });
    simulator.vdn(1).change('00605', 'Engaged.');
    simulator.vdn(1).remove('00604');
    simulator.vdn(2).replace([]);
    simulator.vdn(3).fault({ kind: 'status', status: 404 });
    const result = await command('obs_writer', 'sync', '--json');
    expect(result.json()).toMatchObject({
      exitCode: 3,
      vdns: { changed: 1, held: 1, failed: 1, unchanged: 1 },
    });
    expect(await command('obs_writer', 'sync')).toMatchObject({ exitCode: 3 });
    simulator.vdn(2).reset();
    simulator.vdn(3).clearFaults();
    await query(warehouse, `update obs.sync_run set started_at = now() - interval '2 days'`);
    expect((await command('obs_writer', 'sync', '--json')).json()).toMatchObject({ exitCode: 0 });
    expect(await query(urlAs('obs_reader'), 'select from obs.sync_run')).toHaveLength(1);
    expect(await violations(urlAs('obs_reader'))).toEqual([]);
  });

  test('`migrate` as the writer has nothing to do where the owner has migrated', async () => {
    expect(await command('obs_writer', 'migrate')).toMatchObject({ exitCode: 0 });
  });

  test.each(tables)('the writer cannot drop, alter or empty %s', async (table) => {
    for (const statement of [
      `drop table obs.${table}`,
      `alter table obs.${table} add column mine text`,
      `alter table obs.${table} disable trigger all`,
      `truncate obs.${table}`,
      `create index on obs.${table} (ctid)`,
    ]) {
      await expect(query(urlAs('obs_writer'), statement), statement).rejects.toMatchObject(refused);
    }
  });

  test('the writer cannot delete a code, a version or a VDN, nor touch the schema or what was migrated', async () => {
    for (const statement of [
      'delete from obs.result_code',
      'delete from obs.result_code_history',
      'delete from obs.vdn',
      'create table obs.mine (id integer)',
      'create or replace view obs.freshness as select 1',
      'drop view obs.freshness',
      'drop schema obs cascade',
      `update obs.schema_migration set name = 'x'`,
      'create schema mine',
      'create role mine',
    ]) {
      await expect(query(urlAs('obs_writer'), statement), statement).rejects.toMatchObject(refused);
    }
  });

  test('the reader reads every table and view, and writes none', async () => {
    const relations = await query(
      warehouse,
      `select relname from pg_class where relnamespace = 'obs'::regnamespace and relkind in ('r', 'v')`,
    );
    expect(relations.length).toBeGreaterThan(tables.length + 6);
    for (const { relname } of relations) {
      await query(urlAs('obs_reader'), `select * from obs.${relname} limit 1`);
      for (const statement of [
        `delete from obs.${relname}`,
        `insert into obs.${relname} default values`,
        `truncate obs.${relname}`,
        `drop table obs.${relname}`,
      ]) {
        // A view says 42809 or 55000 where it can be neither truncated nor written.
        await expect(query(urlAs('obs_reader'), statement), statement).rejects.toMatchObject({
          code: expect.stringMatching(/^(42501|42809|55000)$/),
        });
      }
    }
    await query(urlAs('obs_reader'), 'select * from obs.result_code_as_of(now())');
    for (const table of tables) {
      await expect(query(urlAs('obs_reader'), `update obs.${table} set source = 'x'`)).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|42703)$/),
      });
    }
  });

  test('the reader’s commands work, its `sync` ends with 7 and says what is missing', async () => {
    expect(await command('obs_reader', 'status')).toMatchObject({ exitCode: 0 });
    expect(await command('obs_reader', 'changes')).toMatchObject({ exitCode: 0 });
    expect(await command('obs_reader', 'sync', '--dry-run')).toMatchObject({ exitCode: 0 });
    const result = await command('obs_reader', 'sync', '--json');
    expect(result).toMatchObject({ exitCode: 7, stderr: expect.not.stringMatching(/^\s+at /m) });
    expect(result.json()).toMatchObject({
      error: {
        code: 'database-unusable',
        message: expect.stringMatching(
          /the role obs_reader lacks delete on held_change, .*run `node .* migrate --grant-writer obs_reader --config .*`/,
        ),
      },
    });
  });
});
