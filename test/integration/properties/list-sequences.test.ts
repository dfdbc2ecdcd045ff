import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/index.ts';
import { type OpenDatabase, openDatabase } from '../../../src/store/database.ts';
import { testKeys } from '../../support/configuration.ts';
import { violations } from '../../support/invariants.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { runs } from '../../support/runs.ts';
import { type SourceSettings, syncInProcess } from './in-process.ts';

/** Lists that live side by side, so that one run of the program tries several sequences. */
const vdns = 8;

const entry = fc.record({
  obsCode: fc.constantFrom('1', '01', 'A', 'a', 'ä', '😀', "'; --", ' 1'),
  obsCodeDesc: fc.constantFrom(null, '', 'busy', 'Busy', '忙', '"\\'),
});
/** Each step drops some entries of the list before it, all of them now and then, and puts others in. */
const step = fc.record({
  dropped: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(8)),
  put: fc.uniqueArray(entry, { selector: ({ obsCode }) => obsCode, maxLength: 5 }),
});
const life = fc.array(step, { minLength: 2, maxLength: 5 }).map((steps) => {
  let list: List = [];
  return steps.map(({ dropped, put }) => {
    const byCode = [...list.slice(dropped), ...put].map((one) => [one.obsCode, one] as const);
    list = [...new Map(byCode).values()];
    return list;
  });
});
type List = { obsCode: string; obsCodeDesc: string | null }[];

let place: TestDatabase;
let database: OpenDatabase;
let client: pg.Client;
let simulator: Simulator;
let sourcesUsed = 0;

beforeAll(async () => {
  place = await testDatabase();
  database = await openDatabase({ url: place.url, schema: 'obs' });
  client = new pg.Client({ connectionString: place.url });
  await client.connect();
  simulator = await startSimulator({ accounts: [testKeys] });
});
afterAll(async () => {
  await simulator.close();
  await client.end();
  await database.close();
  await place.close();
});

test(
  'however a list changes, the tables follow it and can be replayed to any instant',
  async () => {
    const lives = fc.array(life, { minLength: vdns, maxLength: vdns });
    await fc.assert(
      fc.asyncProperty(lives, fc.integer({ min: 1, max: 5 }), async (lists, pageSize) => {
        const { baseUrl } = simulator;
        const source = { name: `s${++sourcesUsed}`, baseUrl, vdns: [`1-${vdns}`], pageSize };
        const steps = Math.max(...lists.map(({ length }) => length));
        const states: States[] = [];
        for (let step = 0; step < steps; step++) {
          const current = lists.map((one) => one[step] ?? one.at(-1) ?? []);
          for (const [index, codes] of current.entries()) simulator.vdn(index + 1).replace(codes);
          await syncAndApprove(source);
          states.push({
            at: await now(),
            lists: new Map(current.map((codes, index) => [index + 1, sorted(codes)])),
          });
          expect(await active(source.name)).toEqual(nonEmpty(states.at(-1)));
          await expectNothingWritten(source);
        }
        for (const state of states) await expectReplay(source.name, state.at, nonEmpty(state));
        for (let vdnId = 1; vdnId <= vdns; vdnId++) await expectEdges(source.name, vdnId, states);
      }),
      { numRuns: runs(4) },
    );
    expect(await violations(place.url)).toEqual([]);
  },
  runs(60_000),
);

/** The lists as they were at one instant, by VDN. */
interface States {
  readonly at: string;
  readonly lists: ReadonlyMap<number, List>;
}

/** An emptied list is held at any limits; a person approves it. */
async function syncAndApprove(source: SourceSettings): Promise<void> {
  const summary = await syncInProcess(database, source);
  expect(summary.vdns).toMatchObject({ total: vdns, failed: 0, skipped: 0 });
  if (summary.vdns.held === 0) return;
  const plans = summary.outcomes.flatMap(({ outcome, plan }) => (outcome === 'held' && plan ? [plan] : []));
  expect(await syncInProcess(database, source, plans)).toMatchObject({ exitCode: 0 });
}

/** A second sync of the same lists, in another order, asks for each page once, for the one behind a full last one too, and changes no row of a code. */
async function expectNothingWritten(source: SourceSettings): Promise<void> {
  const versions = `
    select 'code', ctid, xmin from obs.result_code where source = $1 union all
    select 'version', ctid, xmin from obs.result_code_history where source = $1`;
  const before = await client.query(versions, [source.name]);
  for (let vdnId = 1; vdnId <= vdns; vdnId++) simulator.vdn(vdnId).reorder();
  simulator.requests.reset();
  expect(await syncInProcess(database, source)).toMatchObject({ exitCode: 0, vdns: { unchanged: vdns } });
  const after = await client.query(versions, [source.name]);
  expect(after.rows).toEqual(before.rows);
  for (let vdnId = 1; vdnId <= vdns; vdnId++) {
    const { length } = simulator.vdn(vdnId).codes();
    const pageSize = Number(source.pageSize);
    const behind = length > 0 && length % pageSize === 0 ? 1 : 0;
    expect(simulator.requests.ofVdn(vdnId)).toBe(Math.max(1, Math.ceil(length / pageSize)) + behind);
  }
}

/** The lists of an instant, by the database's own function and by what a version's times mean. */
async function expectReplay(source: string, at: string, lists: Record<string, List>): Promise<void> {
  const byFunction = `select vdn_id, obs_code, obs_code_desc from obs.result_code_as_of($2) where source = $1`;
  const byHand = `select vdn_id, obs_code, obs_code_desc from obs.result_code_history
    where source = $1 and valid_from <= $2 and (valid_to is null or $2 < valid_to)`;
  for (const statement of [byFunction, byHand]) expect(await codes(statement, [source, at])).toEqual(lists);
}

/**
 * At the very instant of each change the new list holds, and a microsecond before it the old one. All changes of one
 * step have one instant.
 */
async function expectEdges(source: string, vdnId: number, states: readonly States[]): Promise<void> {
  const ofVdn = states.map(({ lists }) => lists.get(vdnId) ?? []);
  const changed = ofVdn.filter(
    (codes, step) => JSON.stringify(codes) !== JSON.stringify(ofVdn[step - 1] ?? []),
  );
  const { rows } = await client.query<{ at: string; before: string }>(
    `select distinct t::text as at, (t - interval '1 microsecond')::text as before
     from obs.result_code_history, lateral (values (valid_from), (valid_to)) as edge (t)
     where source = $1 and vdn_id = $2 and t is not null order by at`,
    [source, vdnId],
  );
  expect(rows).toHaveLength(changed.length);
  const replay = `select vdn_id, obs_code, obs_code_desc from obs.result_code_as_of($3)
    where source = $1 and vdn_id = $2`;
  for (const [index, { at, before }] of rows.entries()) {
    expect((await codes(replay, [source, vdnId, at]))[vdnId] ?? []).toEqual(changed[index]);
    expect((await codes(replay, [source, vdnId, before]))[vdnId] ?? []).toEqual(changed[index - 1] ?? []);
  }
}

async function active(source: string): Promise<Record<string, List>> {
  const statement = `select vdn_id, obs_code, obs_code_desc from obs.active_result_code where source = $1`;
  return codes(statement, [source]);
}

async function codes(statement: string, parameters: readonly unknown[]): Promise<Record<string, List>> {
  const { rows } = await client.query<{ vdn_id: number; obs_code: string; obs_code_desc: string | null }>(
    statement,
    [...parameters],
  );
  const lists: Record<string, List> = {};
  for (const { vdn_id, obs_code, obs_code_desc } of rows) {
    lists[vdn_id] ??= [];
    lists[vdn_id].push({ obsCode: obs_code, obsCodeDesc: obs_code_desc });
  }
  return Object.fromEntries(Object.entries(lists).map(([vdnId, list]) => [vdnId, sorted(list)]));
}

/** The database has no row for an empty list. */
function nonEmpty(state: States | undefined): Record<string, List> {
  return Object.fromEntries([...(state?.lists ?? [])].filter(([, list]) => list.length > 0));
}

function sorted(list: List): List {
  return list.toSorted((a, b) => (a.obsCode < b.obsCode ? -1 : 1));
}

async function now(): Promise<string> {
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '';
}
