import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { callsTable, recipe, recipes, yamlExample } from './recipes.ts';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
const lastNight = new Date(Date.now() - 3 * 3_600_000).toISOString();

await storeLists(client, 'prod', 1, [
  { at: '2025-01-01T02:00Z', codes: { '001': 'No answer', '002': 'Busy', '003': null } },
  { at: '2025-02-01T02:00Z', codes: { '001': 'Nobody answered', '002': 'Busy', '003': null } },
  { at: lastNight, codes: { '001': 'Nobody answered', '003': null, '004': 'Full' } },
]);
await storeLists(client, 'prod', 2, [
  { at: lastNight, codes: { '001': 'Nobody answered', '002': 'Engaged' } },
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

/** What each statement of each recipe must answer: its rows as lists of values, by call_id where it does not sort them. */
const expected: Readonly<Record<string, readonly unknown[][][]>> = {
  'Which field is the code?': [
    [
      ['failCode', '8', '4', '50.0'],
      ['resultCode', '10', '1', '10.0'],
    ],
  ],
  'The description of each call': [
    [
      [1, '2024-12-01', '001', 'Nobody answered'],
      [2, '2025-03-01', '001', 'Nobody answered'],
      [3, '2025-03-01', '002', 'Busy'],
      [4, '2025-03-01', '002 ', null],
      [5, '2025-03-01', '003', null],
      [6, '2025-03-01', '003', null],
      [7, '2025-03-01', null, null],
      [8, '2025-03-01', ' ', null],
      [9, '2025-03-01', '999', null],
      [10, '2025-03-01', '999', null],
    ],
  ],
  'Calls that know only the code': [
    [
      [1, 'Nobody answered', true],
      [2, 'Nobody answered', true],
      [3, 'Engaged', true],
      [4, null, null],
      [5, null, false],
      [6, null, false],
      ...[7, 8, 9, 10].map((call) => [call, null, null]),
    ],
    [
      [1, 'Nobody answered', false],
      [2, 'Nobody answered', false],
      [3, 'Engaged', true],
      [4, null, null],
      [5, null, false],
      [6, null, false],
      ...[7, 8, 9, 10].map((call) => [call, null, null]),
    ],
  ],
  'Codes stored as numbers': [
    [
      [1, 'Nobody answered', true],
      [2, 'Nobody answered', true],
      [3, 'Engaged', true],
      [5, null, false],
      [6, null, false],
      [9, null, null],
      [10, null, null],
    ],
  ],
  'Codes stored with blanks': [
    [
      [1, 'Nobody answered'],
      [2, 'Nobody answered'],
      [3, 'Busy'],
      [4, 'Engaged'],
      ...[5, 6, 7, 8, 9, 10].map((call) => [call, null]),
    ],
    [],
  ],
  'The description when the call was made': [
    [
      [1, '2024-12-01', 'No answer'],
      [2, '2025-03-01', 'Nobody answered'],
      [3, '2025-03-01', 'Busy'],
      ...[4, 5, 6, 7, 8, 9, 10].map((call) => [call, '2025-03-01', null]),
    ],
  ],
  'Calls whose code is unknown': [
    [
      ['known', '4'],
      ['none, failed call', '1'],
      ['none, successful call', '1'],
      ['unknown', '4'],
    ],
    [
      ['prod', 1, '999', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 2, '002 ', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 2, '003', '1', '2025-03-01', '2025-03-01', null],
      ['prod', 9, '999', '1', '2025-03-01', '2025-03-01', null],
    ],
  ],
  'Share of calls by reason': [
    [
      ['Nobody answered', '2', '22.2'],
      ['unknown code 999', '2', '22.2'],
      ['Busy', '1', '11.1'],
      ['code 003', '1', '11.1'],
      ['no code', '1', '11.1'],
      ['unknown code 002 ', '1', '11.1'],
      ['unknown code 003', '1', '11.1'],
    ],
  ],
  'Data as of': [
    [
      ['prod', expect.any(String), '5', '1'],
      ['prod-zh', expect.any(String), '1', '0'],
    ],
  ],
  'What changed last night': [
    [
      [expect.any(String), 'removed', 'prod', 1, '002', 'Busy', null],
      [expect.any(String), 'added', 'prod', 1, '004', null, 'Full'],
    ],
  ],
  'VDNs that cannot be trusted today': [
    [
      ['prod', 3, null, null, 'never verified', null],
      ['prod', 4, expect.any(String), expect.anything(), 'held', null],
      ['prod-zh', 1, expect.any(String), expect.anything(), 'stale', null],
    ],
  ],
  'The list as it stood on a day': [
    [
      [1, '001', 'No answer'],
      [1, '002', 'Busy'],
      [1, '003', null],
    ],
  ],
  'Two languages': [
    [
      [1, 'Nobody answered', '无人接听'],
      [2, 'Nobody answered', '无人接听'],
      [3, 'Busy', null],
      ...[4, 5, 6, 7, 8, 9, 10].map((call) => [call, null, null]),
    ],
    [
      ['001', 'Nobody answered', '无人接听'],
      ['002', 'Engaged', null],
      ['003', null, null],
      ['004', 'Full', null],
      ['005', null, '拒绝'],
    ],
  ],
};

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

const day = (value: unknown) => (value instanceof Date ? value.toISOString().slice(0, 10) : value);

test('the configuration for two languages loads', async () => {
  const file = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
  await writeFile(file, `database: { url: "postgres://reports@localhost/reports" }\n${yamlExample()}`);
  const { sources } = await loadConfig(file, { ISALES_AK: 'key', ISALES_SK: 'secret' });
  expect(sources.map(({ name, locale }) => [name, locale])).toEqual([
    ['prod', 'en_US'],
    ['prod-zh', 'zh_CN'],
  ]);
});
