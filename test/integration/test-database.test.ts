import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { testDatabase } from '../support/postgres.ts';

const databases = await Promise.all([testDatabase(), testDatabase()]);
afterAll(() => Promise.all(databases.map((database) => database.close())));

test('two test databases are migrated and share nothing', async () => {
  const counts: unknown[] = [];
  for (const { url } of databases) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`insert into obs.vdn (source, vdn_id) values ('a', 1)`);
    counts.push((await client.query('select count(*)::int as n from obs.vdn')).rows[0]);
    await client.end();
  }
  expect(counts).toEqual([{ n: 1 }, { n: 1 }]);
});
