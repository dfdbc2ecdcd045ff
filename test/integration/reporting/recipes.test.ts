import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { examples, read } from '../../support/documents.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { answersOf } from './recipe-answers.ts';
import { callsTable, recipe, recipes } from './recipes.ts';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
// A date is no instant: `pg` would make it midnight of this machine's time zone.
pg.types.setTypeParser(pg.types.builtins.DATE, String);
const lastNight = new Date(Date.now() - 3 * 3_600_000).toISOString();

await storeLists(client, 'prod', 1, [
  { at: '2025-01-01T02:00Z', codes: { '001': 'No answer', '002': 'Busy', '003': null } },
  { at: '2025-02-01T02:00Z', codes: { '001': 'Not answered', '002': 'Busy', '003': null } },
  { at: lastNight, codes: { '001': 'Not answered', '003': null, '004': 'Full' } },
]);
await storeLists(client, 'prod', 2, [
  { at: lastNight, codes: { '001': 'Not answered', '002': 'Engaged', '006': 'Refused' } },
]);
await storeLists(client, 'prod', 6, [
  { at: '2025-01-01T02:00Z', codes: { '006': 'Rejects' } },
  { at: lastNight, codes: { '006': 'Rejected' } },
]);
await storeLists(client, 'prod-zh', 1, [{ at: lastNight, codes: { '001': '无人接听', '005': '拒绝' } }]);
await client.query(`
  update vdn set last_verified_at = now() - interval '2 days' where source = 'prod-zh';
  insert into vdn (source, vdn_id) values ('prod', 3);
  insert into vdn (source, vdn_id, last_verified_at) values ('prod', 4, now());
  insert into held_change values ('prod', 4, 'a1b2c3d4e5f60718', now(), 3, '[]', 'an empty list');
  insert into vdn (source, vdn_id, last_verified_at, failing_since) values ('prod', 5, now() - interval '1 day', now());
  set search_path = public`);
await client.query(callsTable);
await client.query(`
  insert into calls values
    (1, 'prod', 1, '2024-12-01Z', '1', 5, '001', '1'), (2, 'prod', 1, '2025-03-01Z', '2', 5, '001', '1'),
    (3, 'prod', 1, '2025-03-01Z', '3', 5, '002', '001'), (4, 'prod', 2, '2025-03-01Z', '4', 5, '002 ', '1'),
    (5, 'prod', 1, '2025-03-01Z', '5', 5, '003', '1'), (6, 'prod', 2, '2025-03-01Z', '6', 5, '003', '1'),
    (7, 'prod', 1, '2025-03-01Z', '7', 6, null, '1'), (8, 'prod', 1, '2025-03-01Z', '8', 5, ' ', '1'),
    (9, 'prod', 1, '2025-03-01Z', '9', 5, '999', '1'), (10, 'prod', 9, '2025-03-01Z', '10', 5, '999', '1')`);

const expected = answersOf(lastNight);
const statements = [...recipes()].flatMap(([heading, all]) => all.map((_, index) => ({ heading, index })));

test('every statement of the page has an expected result', () => {
  expect(statements.map(({ heading }) => heading)).toEqual(
    Object.entries(expected).flatMap(([heading, results]) => results.map(() => heading)),
  );
});

test.each(statements)('$heading, statement $index, answers as the page says', async ({ heading, index }) => {
  const statement = recipe(heading, index);
  const rows = await rowsOf(client, statement);
  const answer = rows.map((row) => Object.values(row).map(day));
  if (!statement.includes('order by')) answer.sort(([a], [b]) => Number(a) - Number(b));
  expect(answer).toEqual(expected[heading]?.[index]);
});

test('the calls before and after a changed description are counted', async () => {
  await client.query(`
    begin;
    insert into calls
    select 100 + n, 'prod', 6, now() - n * interval '8 days', '1', 5, '006', null from generate_series(0, 5) as n`);
  const [row] = await rowsOf(client, recipe('What a changed description did'));
  await client.query('rollback');
  expect(row).toMatchObject({ obs_code: '006', calls_before: '3', calls_after: '1' });
});

test('the Python of docs/reporting-tools.md can be read, and its queries give what it names', async () => {
  const scripts = examples(read('docs/reporting-tools.md'), 'python');
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    const { status, stderr } = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: script,
      encoding: 'utf8',
    });
    // Null: there is no Python here.
    expect(status ?? 0, stderr).toBe(0);
    const [, query = ''] = /"(select [^"]*)"/.exec(script) ?? [];
    const [row = {}] = await rowsOf(client, query);
    const named = [...script.matchAll(/"(code_key|obs_code_desc|obs_code|valid_from|source|vdn_id)"/g)];
    expect(named.length).toBeGreaterThan(2);
    expect(Object.keys(row)).toEqual(expect.arrayContaining(named.map(([, name]) => name)));
  }
});

const day = (value: unknown) => (value instanceof Date ? value.toISOString().slice(0, 10) : value);

test('the configuration for two languages loads', async () => {
  const [yaml] = examples(read('docs/reporting.md'), 'yaml');
  const file = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
  await writeFile(file, `database: { url: "postgres://reports@localhost/reports" }\n${yaml}`);
  const { sources } = await loadConfig(file, { ISALES_AK: 'key', ISALES_SK: 'secret' });
  expect(sources.map(({ name, locale }) => [name, locale])).toEqual([
    ['prod', 'en_US'],
    ['prod-zh', 'zh_CN'],
  ]);
});
