import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { testDatabase } from '../../support/postgres.ts';

const server = await testDatabase();
const directory = mkdtempSync(path.join(os.tmpdir(), 'obs-comments-'));
const databases = {
  Postgres: await openDatabase({ url: server.url, schema: 'obs' }),
  PGlite: await openDatabase({ url: `pglite:${directory}`, schema: 'codes' }),
};
await migrateToLatest(databases.PGlite);

afterAll(async () => {
  for (const database of Object.values(databases)) await database.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

const described = sql<{ name: string; comment: string | null }>`
  select c.relname as name, obj_description(c.oid, 'pg_class') as comment
  from pg_class as c
  where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  union all
  select c.relname || '.' || a.attname, col_description(c.oid, a.attnum)
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  union all
  select proname || '()', obj_description(oid, 'pg_proc')
  from pg_proc
  where pronamespace = current_schema::regnamespace`;

describe.each(['Postgres', 'PGlite'] as const)('on %s', (kind) => {
  test('every table, view, column and function says what it means', async () => {
    const { rows } = await described.execute(databases[kind].db);
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['result_code', 'freshness.age', 'code_change.kind', 'result_code_as_of()']),
    );
    expect(rows.filter(({ comment }) => (comment ?? '').length < 10)).toEqual([]);
  });
});
