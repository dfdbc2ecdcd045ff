import { describe, expect, test } from 'vitest';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
const [day1, day2, day3, day4] = [1, 2, 3, 4].map((day) => `2026-01-0${day}T02:00:00Z`) as [
  string,
  string,
  string,
  string,
];

await storeLists(client, 'prod', 1, [
  { at: day1, codes: { '001': 'One', '002': 'Two' } },
  { at: day2, codes: { '001': 'One, new', '003': null } },
  { at: day3, codes: { '001': 'One, new' } },
  { at: day4, codes: { '001': 'One, new', '002': 'Two again', '003': null } },
]);
// The first list of this VDN was empty.
await storeLists(client, 'prod', 2, [
  { at: day1, codes: {} },
  { at: day2, codes: { '001': 'One' } },
]);

describe('result_code_period', () => {
  test.each([
    ['before the first list', '001', '2025-06-01T00:00:00Z', 'One'],
    ['the instant before a change', '001', '2026-01-02T01:59:59.999999Z', 'One'],
    ['the instant of a change', '001', day2, 'One, new'],
    ['long after', '001', '2030-01-01T00:00:00Z', 'One, new'],
    ['inside a gap', '002', '2026-01-03T12:00:00Z', 'Two'],
    ['at the end of a gap', '002', day4, 'Two again'],
    ['without a text', '003', day2, null],
  ])('gives a call exactly one text: %s', async (_case, code, at, text) => {
    const rows = await rowsOf(
      client,
      `select obs_code_desc as text from result_code_period
       where source = 'prod' and vdn_id = 1 and obs_code = $1 and $2 >= joins_from and $2 < joins_to`,
      [code, at],
    );
    expect(rows).toEqual([{ text }]);
  });

  test('covers all time for every code, without gap or overlap', async () => {
    const rows = await rowsOf(
      client,
      `select source, vdn_id, obs_code from result_code
       except
       select source, vdn_id, obs_code from result_code_period
       group by source, vdn_id, obs_code
       having range_agg(tstzrange(joins_from, joins_to)) = '{[1970-01-01Z,2200-01-01Z)}'
         and count(*) = count(*) filter (where joins_from < joins_to)`,
    );
    expect(rows).toEqual([]);
  });
});

test('code_change tells the changes of each kind with old and new text', async () => {
  const rows = await rowsOf(
    client,
    `select to_char(changed_at, 'DD') as day, kind, vdn_id, obs_code, old_desc, new_desc, run_id
     from code_change order by changed_at, vdn_id, obs_code`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['01', 'initial', 1, '001', null, 'One', 1],
    ['01', 'initial', 1, '002', null, 'Two', 1],
    ['02', 'changed', 1, '001', 'One', 'One, new', 2],
    ['02', 'removed', 1, '002', 'Two', null, 2],
    ['02', 'added', 1, '003', null, null, 2],
    ['02', 'added', 2, '001', null, 'One', 2],
    ['03', 'removed', 1, '003', null, null, 3],
    ['04', 'returned', 1, '002', 'Two', 'Two again', 4],
    ['04', 'returned', 1, '003', null, null, 4],
  ]);
});

describe('result_code_as_of', () => {
  test.each([
    ['before anything was read', '2025-12-31T00:00:00Z', []],
    ['at the first list', day1, ['001 One', '002 Two']],
    ['just before a change', '2026-01-02T01:59:59.999999Z', ['001 One', '002 Two']],
    ['at a change', day2, ['001 One, new', '003 null']],
    ['in a gap', '2026-01-03T12:00:00Z', ['001 One, new']],
    ['now', '2030-01-01T00:00:00Z', ['001 One, new', '002 Two again', '003 null']],
  ])('gives the list as it stood %s', async (_when, at, list) => {
    const rows = await rowsOf(
      client,
      `select concat_ws(' ', obs_code, coalesce(obs_code_desc, 'null')) as entry
       from result_code_as_of($1) where source = 'prod' and vdn_id = 1 order by obs_code`,
      [at],
    );
    expect(rows.map((row) => row.entry)).toEqual(list);
  });

  test('is put into the query by the planner, also for each row of another table', async () => {
    for (const query of [
      `select * from result_code_as_of(now() - interval '1 day') where source = 'prod' and vdn_id = 1`,
      'select * from (values (now())) as days (day) cross join lateral result_code_as_of(day)',
    ]) {
      const explained = JSON.stringify(await rowsOf(client, `explain (format json) ${query}`));
      expect(explained).toContain('result_code_history');
      expect(explained).not.toContain('Function Scan');
    }
  });

  test('has the columns that reports were promised', async () => {
    const { fields } = await client.query('select * from result_code_as_of(now())');
    expect(fields.map(({ name }) => name)).toEqual([
      ...['source', 'vdn_id', 'obs_code', 'obs_code_desc', 'valid_from', 'valid_to'],
    ]);
  });
});
