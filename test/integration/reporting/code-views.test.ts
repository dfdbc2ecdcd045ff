import { describe, expect, test } from 'vitest';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
const [first, second] = ['2026-01-01T02:00Z', '2026-01-02T02:00Z'];

// 001 is called A in two VDNs that have it, B in one that has it and in three that lost it.
for (const vdnId of [1, 2]) await storeLists(client, 'prod', vdnId, [{ at: first, codes: { '001': 'A' } }]);
await storeLists(client, 'prod', 3, [{ at: first, codes: { '001': 'B' } }]);
for (const vdnId of [4, 5, 6]) {
  await storeLists(client, 'prod', vdnId, [
    { at: first, codes: { '001': 'B' } },
    { at: second, codes: {} },
  ]);
}
// 002 is gone everywhere, 003 and its texts are equally common, 004 has a text in one VDN and none in two.
const gone = (text: string) => [
  { at: first, codes: { '002': text } },
  { at: second, codes: {} },
];
await storeLists(client, 'prod', 7, gone('Once'));
await storeLists(client, 'prod', 8, gone('Last'));
await storeLists(client, 'prod', 9, gone('Last'));
await storeLists(client, 'prod', 10, [
  { at: first, codes: { '003': 'b', '004': null, '605': 'busy', '00605': 'busy' } },
]);
await storeLists(client, 'prod', 11, [
  { at: first, codes: { '003': 'B', '004': null, '605': 'away', '00605': 'busy' } },
]);
await storeLists(client, 'test', 10, [
  { at: first, codes: { '004': 'Four', '605': 'away', 'x 1': 'No number' } },
]);

const columns = 'obs_code_desc as text, is_active, vdn_count, description_count, is_ambiguous';

describe('code', () => {
  test.each([
    [
      'active before removed',
      '001',
      { text: 'A', is_active: true, vdn_count: 6, description_count: 2, is_ambiguous: true },
    ],
    [
      'most VDNs',
      '002',
      { text: 'Last', is_active: false, vdn_count: 3, description_count: 2, is_ambiguous: true },
    ],
    [
      'first in byte order',
      '003',
      { text: 'B', is_active: true, vdn_count: 2, description_count: 2, is_ambiguous: true },
    ],
    [
      'a missing text counts',
      '004',
      { text: null, is_active: true, vdn_count: 3, description_count: 2, is_ambiguous: true },
    ],
    [
      'one text',
      '00605',
      { text: 'busy', is_active: true, vdn_count: 2, description_count: 1, is_ambiguous: false },
    ],
  ])('takes the commonest description: %s', async (_rule, code, expected) => {
    expect(await rowsOf(client, `select ${columns} from code where obs_code = $1`, [code])).toEqual([
      expected,
    ]);
  });

  test('tells codes apart that are one number', async () => {
    expect(await rowsOf(client, `select obs_code from code where obs_code like '%605' order by 1`)).toEqual([
      { obs_code: '00605' },
      { obs_code: '605' },
    ]);
  });
});

test('code_by_source keeps the sources apart', async () => {
  const rows = await rowsOf(
    client,
    `select source, ${columns} from code_by_source where obs_code = '004' order by source`,
  );
  expect(rows).toEqual([
    { source: 'prod', text: null, is_active: true, vdn_count: 2, description_count: 1, is_ambiguous: false },
    {
      source: 'test',
      text: 'Four',
      is_active: true,
      vdn_count: 1,
      description_count: 1,
      is_ambiguous: false,
    },
  ]);
});

test('code_by_number counts a VDN once that holds a number as two codes', async () => {
  const rows = await rowsOf(
    client,
    `select obs_code_number, ${columns} from code_by_number where obs_code_number = 605`,
  );
  // busy: prod 10 (twice) and prod 11; away: prod 11 and test 10. Two VDNs each, so the alphabet decides.
  expect(rows).toEqual([
    {
      obs_code_number: '605',
      text: 'away',
      is_active: true,
      vdn_count: 3,
      description_count: 2,
      is_ambiguous: true,
    },
  ]);
});

test.each([
  ['code', 'obs_code'],
  ['code_by_source', 'source, obs_code'],
  ['code_by_number', 'obs_code_number'],
])('%s has every key of result_code exactly once', async (view, key) => {
  const [counts] = await rowsOf(
    client,
    `select (select count(*) from ${view}) as rows, (select count(*) from (select distinct ${key} from ${view}) k) as keys,
       (select count(*) from (select distinct ${key} from result_code where (${key}) is not null) k) as known`,
  );
  expect(counts?.rows).not.toBe('0');
  expect(counts?.keys).toBe(counts?.rows);
  expect(counts?.known).toBe(counts?.rows);
});

test('active_result_code leaves out what is removed', async () => {
  const rows = await rowsOf(
    client,
    `select vdn_id from active_result_code where obs_code in ('001', '002') order by 1`,
  );
  expect(rows.map((row) => row.vdn_id)).toEqual([1, 2, 3]);
});

describe('is_monitored', () => {
  test('tells which codes only VDNs that left the configuration have', async () => {
    await client.query('begin; update vdn set configured = false where vdn_id in (1, 2, 3)');
    const unwatched = async (view: string) =>
      (await rowsOf(client, `select obs_code, is_active from ${view} where not is_monitored order by 1`)).map(
        (row) => Object.values(row),
      );
    // Three VDNs that lost 001 are configured still: they do not watch those that have it.
    expect(await unwatched('code')).toEqual([['001', true]]);
    expect(await unwatched('code_by_source')).toEqual([['001', true]]);
    expect(await unwatched(`(select obs_code_number as obs_code, * from code_by_number) as n`)).toEqual([
      ['1', true],
    ]);
    expect(await unwatched('(select distinct *, true as is_active from active_result_code) as c')).toEqual(
      [1, 2, 3].map(() => ['001', true]),
    );
    await client.query(`update vdn set configured = false where vdn_id = 8`);
    expect(await unwatched('code')).toEqual([['001', true]]);
    await client.query(`update vdn set configured = false where vdn_id in (7, 9)`);
    expect(await unwatched('code')).toEqual([
      ['001', true],
      ['002', false],
    ]);
    await client.query('rollback');
  });
});
