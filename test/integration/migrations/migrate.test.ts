import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest, requireCurrentSchema, schemaState } from '../../../src/store/migrator.ts';
import { sessionSettings } from '../../../src/store/session-settings.ts';
import { databaseUrl, query } from '../../support/template-database.ts';
import { kinds, rowsOf } from '../store/opened.ts';

const names = (await readdir(new URL('../../../migrations', import.meta.url)))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

/** URL of a new database without anything in it. */
async function emptyDatabase(): Promise<string> {
  const serverUrl = inject('postgresUrl');
  const name = `empty_${randomBytes(6).toString('hex')}`;
  await query(serverUrl, `create database ${name}`);
  onTestFinished(async () => {
    await query(serverUrl, `drop database ${name} with (force)`);
  });
  return databaseUrl(serverUrl, name);
}

async function opened(url: string, schema = 'obs'): Promise<OpenDatabase> {
  const database = await openDatabase({ url, schema });
  onTestFinished(() => database.close());
  return database;
}

/** URL for a role that can log in and has no rights but those that are granted to it. */
async function loginRole(url: string, grants: (role: string) => string): Promise<string> {
  const role = `role_${randomBytes(6).toString('hex')}`;
  await query(url, `create role ${role} login password 'secret'`);
  await query(url, grants(role));
  onTestFinished(async () => {
    await query(url, `drop owned by ${role} cascade; drop role ${role}`);
  });
  const ownUrl = new URL(url);
  ownUrl.username = role;
  ownUrl.password = 'secret';
  return ownUrl.href;
}

const unusable = (message: RegExp) =>
  expect.objectContaining({
    code: 'database-unusable',
    exitCode: 7,
    message: expect.stringMatching(message),
  });

let embedded: OpenDatabase;
beforeAll(async () => {
  embedded = await kinds['the embedded database']();
  await sql`drop schema obs cascade`.execute(embedded.db);
});
afterAll(() => embedded.close());

/** A schema without anything in it, in the one embedded database: starting another would take seconds. */
async function embeddedSchema(): Promise<OpenDatabase> {
  const schema = `schema_${randomBytes(6).toString('hex')}`;
  for (const setting of sessionSettings(schema)) await sql.raw(setting).execute(embedded.db);
  return { ...embedded, schema };
}

describe.each([
  ['a Postgres server', async () => opened(await emptyDatabase())],
  ['the embedded database', embeddedSchema],
])('on %s', (_, empty) => {
  test('all migrations are applied in order, and a second time none', async () => {
    const database = await empty();
    expect(await schemaState(database)).toEqual({ applied: [], pending: names, unknown: [] });
    await expect(requireCurrentSchema(database)).rejects.toThrow(unusable(/behind.*Run `migrate` first/));
    expect(await migrateToLatest(database)).toEqual(names);
    expect(await schemaState(database)).toEqual({ applied: names, pending: [], unknown: [] });
    await requireCurrentSchema(database);
    const before = await rowsOf(database, 'select xmin::text, * from schema_migration');
    expect(await migrateToLatest(database)).toEqual([]);
    expect(await rowsOf(database, 'select xmin::text, * from schema_migration')).toEqual(before);
  });

  test('a schema that is behind is refused with what is missing, and the way on', async () => {
    const database = await empty();
    await migrateToLatest(database);
    await rowsOf(database, `delete from schema_migration where name = '${names.at(-1)}'`);
    const message = new RegExp(`behind this program by 1 migration.*${names.at(-1)}.*Run .migrate. first`);
    await expect(requireCurrentSchema(database)).rejects.toThrow(unusable(message));
  });

  test('a schema of a newer program is refused, also by `migrate`, and stays as it is', async () => {
    const database = await empty();
    await migrateToLatest(database);
    await rowsOf(database, `insert into schema_migration values ('9999_of_the_future', '2099-01-01')`);
    const refusal = unusable(/newer than this program: it has 9999_of_the_future\. Run the version/);
    await expect(requireCurrentSchema(database)).rejects.toThrow(refusal);
    await expect(migrateToLatest(database)).rejects.toThrow(refusal);
    expect((await schemaState(database)).unknown).toEqual(['9999_of_the_future']);
  });

  test('all migrations are applied or none', async () => {
    const database = await empty();
    const { schema } = database;
    await rowsOf(database, `create schema ${schema}`);
    // Blocks the first migration's last table.
    await rowsOf(database, `create view ${schema}.sync_run_vdn as select 1 as own`);
    await expect(migrateToLatest(database)).rejects.toThrow(unusable(/sync_run_vdn.*already exists/));
    const left = await rowsOf(
      database,
      `select relname from pg_class where relnamespace = '${schema}'::regnamespace`,
    );
    expect(left).toEqual([{ relname: 'sync_run_vdn' }]);
    expect((await schemaState(database)).applied).toEqual([]);
    await rowsOf(database, 'drop view sync_run_vdn');
    expect(await migrateToLatest(database)).toEqual(names);
  });
});

test('the embedded database gets the very schema that a server gets', async () => {
  const server = await opened(await emptyDatabase());
  const embedded = await embeddedSchema();
  await Promise.all([server, embedded].map(migrateToLatest));
  const definition = await schemaDefinition(server);
  expect(definition.columns?.length).toBeGreaterThan(80);
  expect(await schemaDefinition(embedded)).toEqual(definition);
});

test('the schema may have any name, and two schemas are separate', async () => {
  const url = await emptyDatabase();
  const [one, other] = [await opened(url, 'select'), await opened(url, '_obs_2')];
  await migrateToLatest(one);
  expect((await schemaState(other)).applied).toEqual([]);
  await migrateToLatest(other);
  expect(await schemaDefinition(other)).toEqual(await schemaDefinition(one));
  expect(await query(url, `select from pg_tables where schemaname = 'public'`)).toEqual([]);
});

test('several that migrate at once all succeed, and each migration is applied once', async () => {
  for (let round = 1; round <= 3; round += 1) {
    const url = await emptyDatabase();
    const databases = await Promise.all([1, 2, 3, 4].map(() => opened(url)));
    const applied = await Promise.all(databases.map(migrateToLatest));
    expect(applied.flat().sort()).toEqual(names);
    expect(await query(url, 'select name from obs.schema_migration')).toHaveLength(names.length);
  }
});

test.each([
  'table vdn (mine integer)',
  "type vdn as enum ('mine')",
  'function result_code_as_of(timestamptz) returns integer language sql as $$ select 1 $$',
])("another program's %s under a name that is needed is named, and nothing is made", async (taken) => {
  const url = await emptyDatabase();
  await query(url, `create schema obs; create ${taken.replace(' ', ' obs.')}`);
  await expect(migrateToLatest(await opened(url))).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringMatching(
      /an object of another program.* already exists.*Choose another database.schema/,
    ),
  });
  const made = `select relname from pg_class where relnamespace = 'obs'::regnamespace`;
  expect(await query(url, made)).toEqual(/^table/.test(taken) ? [{ relname: 'vdn' }] : []);
});

describe('rights', () => {
  test('a role that may create nothing in the database uses a schema that exists, as it is', async () => {
    const url = await emptyDatabase();
    await query(url, 'create schema obs');
    const own = await loginRole(url, (role) => `grant usage, create on schema obs to ${role}`);
    expect(await migrateToLatest(await opened(own))).toEqual(names);
    const [owner] = await query(
      url,
      `select nspowner::regrole::text as owner from pg_namespace where nspname = 'obs'`,
    );
    expect(owner).toEqual({ owner: 'postgres' });
  });

  test('a role that may create nothing at all: the message says what is missing', async () => {
    const url = await emptyDatabase();
    const own = await loginRole(url, (role) => `revoke create on schema public from ${role}`);
    await expect(migrateToLatest(await opened(own))).rejects.toThrow(
      unusable(/permission denied.*Grant the missing right/),
    );
  });

  test('a role that may not read the schema is refused before any request', async () => {
    const url = await emptyDatabase();
    await migrateToLatest(await opened(url));
    const own = await loginRole(
      url,
      (role) => `grant connect on database ${new URL(url).pathname.slice(1)} to ${role}`,
    );
    await expect(requireCurrentSchema(await opened(own))).rejects.toThrow(
      unusable(/permission denied.*Grant the missing/),
    );
  });
});

/** Each kind of thing that migrations make, as text that says all about it; the schema's own name is left out. */
const definitions: Readonly<Record<string, string>> = {
  columns: `
    select c.relname || '.' || a.attname || ' ' || a.attnum || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end || ' identity:' || a.attidentity::text
      || ' generated:' || a.attgenerated::text || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
      || coalesce(' comment ' || col_description(c.oid, a.attnum), '')
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = $schema and c.relkind in ('r', 'v')`,
  constraints: `
    select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    from pg_constraint where connamespace = $schema and contype <> 'n'`,
  indexes: `select pg_get_indexdef(oid) from pg_class where relnamespace = $schema and relkind = 'i'`,
  views: `
    select relname || ' ' || pg_get_viewdef(oid) || coalesce(obj_description(oid, 'pg_class'), '')
    from pg_class where relnamespace = $schema and relkind = 'v'`,
  tables: `
    select relname || coalesce(' ' || obj_description(oid, 'pg_class'), '') || ' ' || relpersistence::text
    from pg_class where relnamespace = $schema and relkind = 'r'`,
  functions: `
    select pg_get_functiondef(oid) || coalesce(obj_description(oid, 'pg_proc'), '')
    from pg_proc where pronamespace = $schema`,
  others: `
    select relname || ' ' || relkind::text from pg_class
    where relnamespace = $schema and relkind not in ('r', 'v', 'i', 'S', 't')`,
};

/** All that a schema consists of, sorted. */
async function schemaDefinition(database: OpenDatabase): Promise<Record<string, string[]>> {
  const { schema } = database;
  const qualifier = new RegExp(`(?<!\\w)"?${schema}"?\\.`, 'g');
  const kinds = await Promise.all(
    Object.entries(definitions).map(async ([kind, statement]) => {
      const rows = await rowsOf(
        database,
        `select * from (${statement.replaceAll('$schema', `'"${schema}"'::regnamespace`)}) as d (definition)`,
      );
      const texts = rows.map(({ definition }) => String(definition).replaceAll(qualifier, ''));
      return [kind, texts.sort()] as const;
    }),
  );
  return Object.fromEntries(kinds);
}
