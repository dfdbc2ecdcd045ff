import { beforeAll, describe, expect, test } from 'vitest';
import { fillLargeTables } from '../integration/reporting/large-tables.ts';
import { recipe, recipes } from '../integration/reporting/recipes.ts';
import { reportingDatabase, rowsOf } from '../integration/reporting/stored-lists.ts';

const { client } = await reportingDatabase();
beforeAll(() => fillLargeTables(client));

/** A node of EXPLAIN's JSON; only what is looked at here. */
interface ExplainNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Loops': number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: ExplainNode[];
}

interface Explained {
  nodes: ExplainNode[];
}

async function explain(query: string): Promise<Explained> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: ExplainNode }] }>(
    `explain (analyze, format json) ${query}`,
  );
  const [
    {
      'QUERY PLAN': [root],
    } = { 'QUERY PLAN': [] },
  ] = rows;
  if (root === undefined) throw new Error('EXPLAIN gave nothing');
  return { nodes: flat(root.Plan) };
}

const flat = (node: ExplainNode): ExplainNode[] => [node, ...(node.Plans ?? []).flatMap(flat)];
const wholeReads = ({ nodes }: Explained) => nodes.filter((node) => node['Node Type'] === 'Seq Scan');
const indexes = ({ nodes }: Explained) =>
  nodes.map((node) => node['Index Name']).filter((name) => name !== undefined);

const few = (heading: string, index = 0) => `select * from (${recipe(heading, index)}) r where call_id < 50`;
const lastHour = (heading: string, index = 0) =>
  `select * from (${recipe(heading, index)}) r where call_time >= now() - interval '1 hour'`;
const asOf = recipe('The list as it stood on a day').replace(/'2025.*?'/, `now() - interval '150 days'`);

/** Recipes as a report narrows them down, and the indexes that must then do the work. */
const narrowed: Readonly<Record<string, readonly [query: string, ...indexes: string[]]>> = {
  'the calls of an hour': [lastHour('The description of each call'), 'calls_by_time', 'result_code_pkey'],
  'a few codes': [
    `${recipe('Calls that have only the code')} where d.obs_code in ('00603', '00605')`,
    'result_code_by_code',
  ],
  'a code of a source': [
    `${recipe('Calls that have only the code', 1)} where d.source = 'prod' and d.obs_code = '00605'`,
    'result_code_by_code',
  ],
  'a few numbers': [
    `${recipe('Codes stored as numbers')} where d.obs_code_number in (603, 605)`,
    'result_code_by_number',
  ],
  'a few calls with blanks': [few('Codes stored with blanks'), 'calls_pkey', 'result_code_pkey'],
  'the calls of an hour, as it was then': [
    lastHour('The description when the call was made'),
    ...['calls_by_time', 'result_code_pkey', 'result_code_history_pkey'],
  ],
  'the calls of an hour, by the dimension': [
    lastHour('The description when the call was made', 1).replace('c.call_id,', 'c.call_id, c.call_time,'),
    ...['calls_by_time', 'result_code_pkey', 'result_code_history_pkey'],
  ],
  'the changes of a night': [
    recipe('What changed last night'),
    ...['result_code_history_by_start', 'result_code_history_by_end'],
  ],
  'the list of a VDN on a day': [`select * from (${asOf}) r where vdn_id = 7`, 'result_code_history_pkey'],
  'a few calls in two languages': [few('Two languages'), 'calls_pkey', 'result_code_pkey'],
};

describe('with 200,000 calls and 60,000 codes of three versions', () => {
  test.each(Object.entries(narrowed))('%s: read by index', async (_what, [query, ...expected]) => {
    const explained = await explain(query);
    const wholeTables = wholeReads(explained).map((node) => node['Relation Name'] ?? '');
    expect(wholeTables.filter((table) => table.startsWith('result_code'))).toEqual([]);
    expect(indexes(explained)).toEqual(expect.arrayContaining(expected));
  });

  test.each([...recipes()].flatMap(([heading, all]) => all.map((query) => [heading, query] as const)))(
    '%s: with all calls no table is read again and again',
    async (_heading, query) => {
      const explained = await explain(query);
      // Parallel workers each read their part of a table once.
      expect(wholeReads(explained).filter((node) => node['Actual Loops'] > 8)).toEqual([]);
    },
  );

  test('the night has its changes, and every call of a known code one period', async () => {
    expect(await rowsOf(client, recipe('What changed last night'))).toHaveLength(120);
    const [counts] = await rowsOf(
      client,
      `select count(*) as rows, count(distinct call_id) as calls, count(obs_code_desc) as described
       from (${recipe('The description when the call was made')}) r`,
    );
    const [known] = await rowsOf(
      client,
      `select count(obs_code_desc) as calls from (${recipe('The description of each call')}) r`,
    );
    expect(counts).toEqual({ rows: '200000', calls: '200000', described: known?.calls });
  });
});

describe('a chart of joined calls, as a BI tool asks for it: by week, three rows, no order', () => {
  const chart = (dimension: string, condition: string) => `
    select date_trunc('week', c.call_time) as week, d.obs_code_desc, count(*) as calls
    from calls as c
    left join ${dimension} as d
      on d.source = c.source and d.vdn_id = c.vdn_id and d.obs_code = c.fail_code and ${condition}
    group by 1, 2 limit 3`;
  const byTime = 'c.call_time >= d.valid_from and c.call_time < d.valid_to';

  /** How many rows were looked at and thrown away, for each call. */
  const wastePerCall = ({ nodes }: Explained) =>
    nodes
      .map((node) => {
        const removed = (node['Rows Removed by Join Filter'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
        return removed * node['Actual Loops'];
      })
      .reduce((sum, rows) => sum + rows, 0) / 200_000;

  beforeAll(() =>
    client.query(`
      create table public.dimension_copy as select * from obs.obs_code_dimension;
      create index on public.dimension_copy (source, vdn_id, obs_code, valid_from);
      analyze public.dimension_copy`),
  );

  test.each([
    ['the latest codes', chart('obs.result_code', 'true')],
    ['the dimension, latest version', chart('obs.obs_code_dimension', 'd.is_current')],
    ['the dimension, by time', chart('obs.obs_code_dimension', byTime)],
    ['a copy of it, latest version', chart('public.dimension_copy', 'd.is_current')],
    ['a copy of it, by time', chart('public.dimension_copy', byTime)],
  ])('over %s, compares no call with more than the versions of its code', async (_what, query) => {
    expect(wastePerCall(await explain(query))).toBeLessThan(3);
  });
});
