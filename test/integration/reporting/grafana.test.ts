import { describe, expect, test } from 'vitest';
import { dashboard, questions } from '../../../deploy/reporting/grafana/dashboard.ts';
import { callsTable } from './recipes.ts';
import { reportingDatabase, rowsOf, storeLists } from './stored-lists.ts';

const { client } = await reportingDatabase();
const now = Date.now();
const hoursAgo = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
await storeLists(client, 'prod', 1, [
  { at: hoursAgo(100), codes: { '001': 'One' } },
  { at: hoursAgo(3), codes: { '001': 'One, new' } },
]);
await client.query(`
  insert into vdn (source, vdn_id) values ('prod', 2);
  insert into held_change values ('prod', 2, 'a1b2c3d4e5f60718', now(), 1, '[]', 'the list is empty');
  insert into sync_run (status, trigger, arguments, version, host, finished_at)
  values ('partial', 'cli', '', '0.1.0', 'here', now());
  set search_path = public;
  ${callsTable};
  insert into calls select n, 'prod', 1, now() - n * interval '1 hour', '1', 5, '00' || n, null from generate_series(1, 2) n`);

/** What Grafana's Postgres data source makes of its macros. */
function expanded(sql: string): string {
  const [from, to] = [`'${hoursAgo(720)}'`, `'${new Date(now + 60_000).toISOString()}'`];
  const grouped = (column: string) => `floor(extract(epoch from ${column})/21600)*21600`;
  return sql
    .replaceAll('$__interval', '6h')
    .replace(/\$__timeGroupAlias\((.+?), ?6h\)/g, (_, column) => `${grouped(column)} AS "time"`)
    .replace(/\$__timeGroup\((.+?), ?6h\)/g, (_, column) => grouped(column))
    .replace(/\$__timeFilter\((.+?)\)/g, (_, column) => `${column} BETWEEN ${from} AND ${to}`)
    .replaceAll('$__timeFrom()', from)
    .replaceAll('$__timeTo()', to);
}

describe('the dashboard', () => {
  test('is what its function makes', async () => {
    const json = `${JSON.stringify(dashboard(), null, 2)}\n`;
    await expect(json).toMatchFileSnapshot('../../../deploy/reporting/grafana/obs-code-sync.json');
    expect(json).not.toMatch(/36|hours'/);
  });

  test('has panels that do not overlap, with an id each, all from the data source that is chosen', () => {
    const { panels } = dashboard() as {
      panels: { id: number; gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    const uids = [...JSON.stringify(panels).matchAll(/"uid":"(.*?)"/g)].map(([, uid]) => uid);
    expect(new Set(uids)).toEqual(new Set(['${datasource}']));
  });

  test.each(questions.flatMap(({ panels }) => panels))('$title', async ({ sql, type }) => {
    const query = expanded(sql);
    expect(query).not.toContain('$');
    const rows = await rowsOf(client, query);
    expect(rows.length).toBeGreaterThan(0);
    if (type === 'timeseries') expect(Object.keys(rows[0] ?? {})[0]).toBe('time');
  });
});
