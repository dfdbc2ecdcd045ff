import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { testDatabase } from '../../support/postgres.ts';
import { migrateTo } from '../../support/schema-versions.ts';
import { query } from '../../support/template-database.ts';

/** What version 0.1.0 came with. */
const release = '0004_view_comments';

test('roles of a 0.1.0 database get their rights on what came since, and no others do', async () => {
  const { url, close } = await testDatabase();
  await query(url, 'drop schema obs cascade; create schema obs');
  const database = await openDatabase({ url, schema: 'obs' });
  const [writer = '', reader = '', stranger = ''] = ['writer', 'the reader', 'stranger'].map(
    (name) => `"${name} ${randomBytes(4).toString('hex')}"`,
  );
  onTestFinished(async () => {
    for (const role of [writer, reader, stranger])
      await query(url, `drop owned by ${role}; drop role ${role}`);
    await database.close();
    await close();
  });
  await migrateTo(database, release);
  await query(
    url,
    `create role ${writer}; create role ${reader}; create role ${stranger};
     grant usage on schema obs to ${writer}, ${reader}, ${stranger};
     grant select on all tables in schema obs to ${writer}, ${reader};
     grant insert, update on obs.vdn, obs.result_code to ${writer};
     grant select on obs.sync_run to ${stranger}`,
  );
  await migrateToLatest(database);

  const may = async (role: string) => {
    const rights = await query(
      url,
      `select string_agg(relation || ' ' || privilege, ', ' order by relation, privilege) as rights
       from unnest(array['obs.source', 'obs.obs_code_dimension', 'obs.source_status', 'obs.sync_run_run_id_seq']) as relation,
         unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
       where has_table_privilege($$${role.slice(1, -1)}$$, relation, privilege)`,
    );
    return rights[0]?.rights;
  };
  const reads = ['obs.obs_code_dimension select', 'obs.source select', 'obs.source_status select'];
  expect(await may(reader)).toBe(reads.join(', '));
  expect(await may(writer)).toBe(
    [
      reads[0],
      'obs.source insert',
      reads[1],
      'obs.source update',
      reads[2],
      'obs.sync_run_run_id_seq select',
    ].join(', '),
  );
  expect(await may(stranger)).toBe(null);
});
