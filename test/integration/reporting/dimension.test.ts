import { expect, test } from 'vitest';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
const [day1, day2, day3] = ['2026-01-01T02:00:00.123456Z', '2026-01-02T02:00:00Z', '2026-01-03T02:00:00Z'];

await storeLists(client, 'prod', 1, [
  { at: day1, codes: { '001': 'One', '0/2': 'Two' } },
  { at: day2, codes: { '001': 'One, new' } },
  { at: day3, codes: { '001': 'One, new', '0/2': 'Two again' } },
]);
await storeLists(client, 'prod', 2, [
  { at: day1, codes: { '001': null } },
  { at: day2, codes: {} },
]);
await client.query(`update vdn set configured = false where vdn_id = 2`);

test('obs_code_dimension has one row for each version, with its keys, its times and what became of the code', async () => {
  const rows = await rowsOf(
    client,
    `select obs_code_key, code_key, obs_code_desc, extract(year from valid_from at time zone 'UTC')::int as from,
       extract(year from valid_to at time zone 'UTC')::int as to, version_number as n, is_current, is_active,
       is_monitored, seen_from::text, seen_to::text, removed_at::text, vdn_first_verified_at::date::text,
       last_verified_at::date::text
     from obs_code_dimension order by vdn_id, obs_code, version_number`,
  );
  const [one, two, three] = [
    '2026-01-01 02:00:00.123456+00',
    '2026-01-02 02:00:00+00',
    '2026-01-03 02:00:00+00',
  ];
  const verified = ['2026-01-01', '2026-01-03'];
  expect(rows.map((row) => Object.values(row))).toEqual([
    [
      ...['prod/1/1767232800123456/0/2', 'prod/1/0/2', 'Two', 1970, 2026, 1, false, true, true],
      ...[one, two, null, ...verified],
    ],
    [
      ...['prod/1/1767405600000000/0/2', 'prod/1/0/2', 'Two again', 2026, 2200, 2, true, true, true],
      ...[three, null, null, ...verified],
    ],
    [
      ...['prod/1/1767232800123456/001', 'prod/1/001', 'One', 1970, 2026, 1, false, true, true],
      ...[one, two, null, ...verified],
    ],
    [
      ...['prod/1/1767319200000000/001', 'prod/1/001', 'One, new', 2026, 2200, 2, true, true, true],
      ...[two, null, null, ...verified],
    ],
    [
      ...['prod/2/1767232800123456/001', 'prod/2/001', null, 1970, 2200, 1, true, false, false],
      ...[one, two, two, '2026-01-01', '2026-01-02'],
    ],
  ]);
});

test('its keys are the same under any session settings', async () => {
  const keys = () => rowsOf(client, 'select obs_code_key, code_key from obs_code_dimension order by 1');
  const before = await keys();
  await client.query(
    `set datestyle = 'SQL, DMY'; set timezone = 'Asia/Shanghai'; set extra_float_digits = 0`,
  );
  expect(await keys()).toEqual(before);
  await client.query('reset datestyle; set timezone = UTC; reset extra_float_digits');
});

test.each(['2025-06-01Z', day1, day2, '2026-01-02T12:00Z', day3, '2199-12-31Z'])(
  'joined by the time %s, or by is_current, it gives each code exactly once',
  async (at) => {
    const once = (condition: string) =>
      rowsOf(
        client,
        `select c.vdn_id, c.obs_code from result_code as c
         left join obs_code_dimension as d
           on d.source = c.source and d.vdn_id = c.vdn_id and d.obs_code = c.obs_code and ${condition}
         group by 1, 2 having count(d.obs_code_key) <> 1`,
      );
    expect(await once(`timestamptz '${at}' >= d.valid_from and timestamptz '${at}' < d.valid_to`)).toEqual(
      [],
    );
    expect(await once('d.is_current')).toEqual([]);
  },
);
