import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompleteSnapshot, type Page } from '../../../src/domain/complete-snapshot.ts';
import { VdnError } from '../../../src/errors.ts';
import { createClient } from '../../../src/isales/client.ts';
import { ServerQueue } from '../../../src/isales/server-queue.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/index.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { sourceOf } from '../../support/source.ts';
import { type Chance, Seeded } from '../../unit/sync/model/chance.ts';
import { EditedList } from '../../unit/sync/model/edited-list.ts';
import { usualEdits } from '../../unit/sync/model/worlds.ts';
import { kinds, rowsOf } from '../store/opened.ts';
import { sync } from './engine.ts';

/** Each VDN has a list of its own, edited in its own way in each night's run. In more nights most lists would have repeated entries. */
const nights = 4;
const lists = 60;
const pageSizes = [1, 2, 3, 4, 5];

interface Case {
  readonly source: string;
  readonly vdnId: number;
  readonly pageSize: number;
  readonly chance: Chance;
  readonly list: EditedList;
}

const cases: Case[] = Array.from({ length: lists }, (_, index) => {
  const chance = new Seeded(20260102 + index);
  const pageSize = chance.oneOf(pageSizes);
  const list = new EditedList(chance.below(4 * pageSize + 2), chance, [...usualEdits, 'repeat']);
  return { source: `pages-of-${pageSize}`, vdnId: index + 1, pageSize, chance, list };
});

let simulator: Simulator;
let database: OpenDatabase;

beforeAll(async () => {
  simulator = await startSimulator();
  database = await kinds['a Postgres server']();
});
afterAll(async () => {
  await simulator.close();
  await database.close();
});

const sources = () =>
  pageSizes.map((pageSize) => {
    const name = `pages-of-${pageSize}`;
    const vdns = cases.filter(({ source }) => source === name).map(({ vdnId }) => vdnId);
    return sourceOf(simulator.baseUrl, vdns, { name, pageSize, concurrency: 10 });
  });

/** Lets the list of a case be edited before three requests of ten. */
function edit({ vdnId, list, chance }: Case): void {
  list.restart();
  simulator.vdn(vdnId).replace(list.rows);
  simulator.betweenRequests(vdnId, () => {
    if (chance.happens(3)) list.edit();
    return list.rows;
  });
}

test('through the whole program, no code that was in the list throughout is ever removed', async () => {
  for (const { vdnId, list } of cases) simulator.vdn(vdnId).replace(list.rows);
  expect((await sync(database, sources())).exitCode).toBe(0);

  let removals = 0;
  let done = 0;
  for (let night = 0; night < nights; night += 1) {
    for (const one of cases) edit(one);
    const { runId, codes, vdns } = await sync(database, sources());
    removals += codes.removed;
    done += vdns.changed + vdns.unchanged;
    const removed = await rowsOf(
      database,
      `select source, vdn_id, obs_code from result_code_history where closed_run_id = ${runId}
         and (source, vdn_id, obs_code) not in (
           select source, vdn_id, obs_code from result_code where removed_at is null)`,
    );
    const wrongly = removed.filter(({ vdn_id: vdnId, obs_code: obsCode }) =>
      cases.some((one) => one.vdnId === vdnId && one.list.throughout.has(String(obsCode))),
    );
    expect(wrongly).toEqual([]);
  }
  // Most lists were believed, and many a code did go.
  expect(done).toBeGreaterThan((nights * lists) / 2);
  expect(removals).toBeGreaterThan(lists / 2);

  // And once the lists stand still, what is stored is what they are.
  for (const { vdnId } of cases) simulator.betweenRequests(vdnId, undefined);
  const repeatFree = cases.filter(
    ({ list }) => new Set(list.rows.map((row) => row.obsCode)).size === list.rows.length,
  );
  await sync(database, sources());
  for (const { vdnId, list } of repeatFree) {
    const stored = await rowsOf(
      database,
      `select obs_code as "obsCode", obs_code_desc as "obsCodeDesc" from result_code
       where vdn_id = ${vdnId} and removed_at is null`,
    );
    expect(new Set(stored.map((row) => JSON.stringify(row)))).toEqual(
      new Set(list.rows.map((row) => JSON.stringify(row))),
    );
  }
}, 120_000);

test('the same edits over HTTP make a reader that reads once lose live codes', async () => {
  let losses = 0;
  for (const one of cases) {
    const vdnId = 9000;
    const { pageSize, list } = one;
    const stored = list.rows;
    edit({ ...one, vdnId });
    const codes = await codesByOneRead(vdnId, pageSize);
    if (stored.some(({ obsCode }) => codes?.has(obsCode) === false && list.throughout.has(obsCode)))
      losses += 1;
  }
  expect(losses).toBeGreaterThan(0);
}, 60_000);

/** Reads page after page and checks all that one read can show. */
async function codesByOneRead(vdnId: number, pageSize: number) {
  const queue = new ServerQueue({ concurrency: 1, outageMs: 1 });
  const client = createClient(sourceOf(simulator.baseUrl, [vdnId]), queue);
  const { signal } = new AbortController();
  const pages: Page[] = [];
  let total = 0;
  try {
    do {
      const page = await client.fetchPage({ vdnId, pageNum: pages.length + 1, pageSize }, signal, () => {});
      pages.push(page);
      total = page.total;
    } while (pages.length * pageSize < total);
    const result = CompleteSnapshot.prove(pages, pageSize);
    return result.kind === 'complete' ? result.snapshot.codes : undefined;
  } catch (error) {
    if (error instanceof VdnError) return undefined;
    throw error;
  } finally {
    queue.close();
    client.close();
  }
}
