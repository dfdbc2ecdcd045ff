import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkDatabase } from '../../src/commands/check-database.ts';
import type { Config } from '../../src/config/schema.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrator.ts';
import { grantRights } from '../../src/store/rights.ts';
import { openRunStore } from '../../src/store/run-store.ts';
import { requireRunnable } from '../../src/store/runnable.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { quiet, scopeOf } from './store/opened.ts';

// Roles belong to a whole server, and so do settings: this one is the test's own.
const server = await startEmbeddedServer();
afterAll(() => server.close());

let made = 0;

/** URL of a database of its own, as superuser. */
async function emptyDatabase(options = ''): Promise<string> {
  const name = `checked_${++made}`;
  await query(server.url, `create database ${name} template template0 ${options}`);
  return databaseUrl(server.url, name);
}

function asRole(url: string, role: string): string {
  const own = new URL(url);
  own.username = role;
  own.password = 'secret';
  return own.href;
}

async function check(url: string, schema = 'obs') {
  const { findings, exitCode } = await checkDatabase({ database: { url, schema } } as Config);
  return {
    exitCode,
    said: findings.map(({ verdict, what, detail }) => `${verdict} ${what}: ${detail}`).join('\n'),
  };
}

/** What a run would say. */
async function refusal(url: string, schema = 'obs'): Promise<unknown> {
  const database = await openDatabase({ url, schema });
  try {
    return await requireRunnable(database).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await database.close();
  }
}

describe('with a writer of its own', () => {
  let owner: string;
  let writer: string;

  beforeAll(async () => {
    await query(server.url, `create role checked_writer login password 'secret'`);
    owner = await emptyDatabase();
    writer = asRole(owner, 'checked_writer');
    await migrate(owner);
    const database = await openDatabase({ url: owner, schema: 'obs' });
    await grantRights(database, { writers: ['checked_writer'], readers: [] });
    await database.close();
  });

  test('everything is fine, and the output names the role', async () => {
    const { exitCode, said } = await check(writer);
    expect(exitCode).toBe(0);
    expect(said).toMatch(
      /^ok database: Postgres \d.* as the role checked_writer\nok schema: obs is up to date/,
    );
    expect(said).not.toContain('warning');
  });

  test('a right that is missing is 7, and named with the role and the command', async () => {
    const { rows } = await rightsOf();
    expect(rows.length).toBe(24);
    for (const { right, table } of rows) {
      await query(owner, `revoke ${right} on obs.${table} from checked_writer`);
      expect(await refusal(writer), `${right} on ${table}`).toMatchObject({
        exitCode: 7,
        message: expect.stringContaining(
          `the role checked_writer lacks ${right} on ${table} in the schema obs`,
        ),
      });
      await query(owner, `grant ${right} on obs.${table} to checked_writer`);
    }
    expect(await refusal(writer)).toBeUndefined();
  });

  test('rights on the tables alone are enough for a run', async () => {
    await query(owner, 'revoke all on all sequences in schema obs from checked_writer');
    expect(await check(writer)).toMatchObject({ exitCode: 0 });
    expect(await refusal(writer)).toBeUndefined();
    // That the numbers of runs were restarted is found by the run itself.
    await query(owner, `insert into obs.vdn (source, vdn_id, last_run_id) values ('kept', 1, 57)`);
    const database = await openDatabase({ url: writer, schema: 'obs' });
    onTestFinished(() => database.close());
    await expect(
      openRunStore(database, { ...scopeOf('kept', [1]), dryRun: false }, new AbortController().signal, quiet),
    ).rejects.toMatchObject({ exitCode: 7, message: expect.stringContaining('select setval') });
    await query(owner, 'delete from obs.vdn');
    await query(owner, 'grant select on all sequences in schema obs to checked_writer');
  });

  /** What the writer was granted on tables that a run writes. */
  async function rightsOf() {
    const rows = await query(
      owner,
      `select lower(privilege_type) as right, relname as table from pg_class cross join aclexplode(relacl)
       where relnamespace = 'obs'::regnamespace and relkind = 'r' and relname not like 'schema_migration%'
         and grantee = 'checked_writer'::regrole order by 2, 1`,
    );
    return { rows };
  }

  test('a policy that hides rows is 7, names the table and the way out', async () => {
    await query(owner, 'alter table obs.vdn enable row level security');
    onTestFinished(async () => {
      await query(owner, 'alter table obs.vdn disable row level security');
    });
    const hidden =
      /policy hides rows of vdn from the role checked_writer.*alter role checked_writer bypassrls/;
    expect(await refusal(writer)).toMatchObject({ exitCode: 7, message: expect.stringMatching(hidden) });
    expect(await check(writer)).toMatchObject({ exitCode: 7, said: expect.stringMatching(hidden) });
    expect(await refusal(owner)).toBeUndefined();
  });

  test('a role that may create in the schema is 7, in a migration too, until the REVOKE of the message is run', async () => {
    for (const grantee of ['public', 'checked_writer']) {
      await query(owner, `grant create on schema obs to ${grantee}`);
      const error = await refusal(owner);
      expect(error).toMatchObject({ exitCode: 7, message: expect.stringContaining('may create objects') });
      const database = await openDatabase({ url: owner, schema: 'obs' });
      onTestFinished(() => database.close());
      await expect(migrateToLatest(database)).rejects.toMatchObject({ exitCode: 7 });
      const [, revoke = ''] = /(revoke create .*)$/.exec(String(error)) ?? [];
      expect(revoke).toContain(`from ${grantee}`);
      await query(owner, revoke);
      expect(await refusal(owner)).toBeUndefined();
    }
  });

  test('a read-only database is 6', async () => {
    await query(owner, `alter role checked_writer set default_transaction_read_only = on`);
    onTestFinished(async () => {
      await query(owner, `alter role checked_writer reset default_transaction_read_only`);
    });
    expect(await check(writer)).toMatchObject({
      exitCode: 6,
      said: expect.stringContaining('it is read-only'),
    });
  });

  test('too few connections are a warning', async () => {
    await query(owner, `alter role checked_writer connection limit 3`);
    onTestFinished(async () => {
      await query(owner, `alter role checked_writer connection limit -1`);
    });
    expect((await check(writer)).said).toMatch(/warning database, connections: 3 more are allowed now/);
  });

  test.each([
    ['ahead of', -2.5],
    ['behind', 2.5],
  ])("a clock %s this machine's is told", async (direction, hours) => {
    // This machine's is the one that is moved; the server's is as good as its opposite.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    expect(await check(writer)).toMatchObject({
      exitCode: 0,
      said: expect.stringMatching(`clock: the database's clock is 2 h \\d+ min ${direction} this machine's`),
    });
  });

  test('times in the future are a warning', async () => {
    await query(
      owner,
      `insert into obs.vdn (source, vdn_id, configured, last_verified_at) values ('ahead', 1, true, now() + interval '1 day')`,
    );
    expect((await check(writer)).said).toMatch(
      /warning database, future: obs.vdn.last_verified_at goes up to 20/,
    );
    await query(owner, 'delete from obs.vdn');
  });

  test.each([
    `insert into obs.sync_run (status, trigger, arguments, version, host, vdns_total, vdns_skipped)
     values ('failed', 'cli', '', '0', 'test', 0, 0)`,
    `truncate obs.sync_run; insert into obs.vdn (source, vdn_id, last_run_id) values ('kept', 1, 57)`,
  ])(
    'numbers of runs that were restarted are 7 for the writer, with the SQL that helps: %s',
    async (rows) => {
      await query(owner, `${rows}; alter table obs.sync_run alter run_id restart`);
      const { exitCode, said } = await check(writer);
      expect(exitCode).toBe(7);
      expect(await refusal(writer)).toMatchObject({ exitCode: 7 });
      const [, repair = ''] = /run: (select setval.*)$/m.exec(said) ?? [];
      await query(owner, repair);
      expect(await check(writer)).toMatchObject({ exitCode: 0 });
      await query(owner, 'delete from obs.vdn');
    },
  );

  test('a table that is missing is named, as a run would need it', async () => {
    await query(owner, 'alter table obs.source rename to elsewhere');
    onTestFinished(async () => {
      await query(owner, 'alter table obs.elsewhere rename to source');
    });
    expect(await check(writer)).toMatchObject({
      exitCode: 7,
      said: expect.stringContaining('is not whole: source is missing. Restore it'),
    });
  });

  test('a schema that is mistyped: which one has the tables', async () => {
    expect(await refusal(owner, 'obz')).toMatchObject({
      exitCode: 7,
      message: expect.stringContaining('The schema obs has the tables: correct database.schema'),
    });
  });
});

test('another encoding than UTF8 is a warning', async () => {
  const url = await emptyDatabase(`encoding 'LATIN1' locale 'C'`);
  await migrate(url);
  expect(await check(url)).toMatchObject({
    exitCode: 0,
    said: expect.stringContaining('warning database, encoding: LATIN1'),
  });
});

test("another program's table of migrations is 7 with what to do, for check and migrate alike", async () => {
  const url = await emptyDatabase();
  await query(url, 'create schema obs; create table obs.schema_migration (version text)');
  await expect(migrate(url)).rejects.toMatchObject({ exitCode: 7 });
  expect(await check(url)).toMatchObject({
    exitCode: 7,
    said: expect.stringMatching(/table of another program.*choose another database.schema/),
  });
});
