import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { askCodes, askPage } from '../unit/simulator/page.ts';
import { ask } from '../unit/simulator/signed-request.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 12 });
});

afterEach(async () => {
  await simulator.close();
});

const vdn = () => simulator.vdn(25);
const request = (options: Parameters<typeof ask>[2] = {}) => ask(simulator.baseUrl, 25, options);
const listed = () =>
  vdn()
    .list()
    .map(({ obsCode }) => obsCode);

describe('lists that change while they are read', () => {
  const page = (pageNum: number) => askPage(simulator.baseUrl, 25, { pageNum, pageSize: 5 });
  const read = async () => {
    const pages = [await page(1), await page(2), await page(3)];
    return {
      totals: pages.map(({ totalCount }) => totalCount),
      codes: pages.flatMap(({ obsCodes }) => obsCodes.map(({ obsCode }) => obsCode)),
    };
  };

  test('a swap keeps every total and hides a code that was there throughout; the next read is whole', async () => {
    const before = listed();
    vdn().fault({ kind: 'swap', times: 1 });
    const broken = await read();
    expect(broken.totals).toEqual([12, 12, 12]);
    expect(new Set(broken.codes).size).toBe(12);
    expect(broken.codes).not.toContain(before[5]);
    expect(listed()).toContain(before[5]);
    expect((await read()).codes).toEqual(listed());
  });

  test('a swap without an end swaps in every read', async () => {
    vdn().fault({ kind: 'swap' });
    const reads = [await read(), await read(), await read()];
    expect(new Set(reads.map(({ codes }) => codes.join())).size).toBe(3);
  });

  test('a shift forward loses an entry and shows in the total', async () => {
    const before = listed();
    vdn().fault({ kind: 'shift', times: 1 });
    const { totals, codes } = await read();
    expect(totals).toEqual([12, 11, 11]);
    expect(codes).not.toContain(before[5]);
  });

  test('a shift backwards shows an entry twice', async () => {
    const before = listed();
    vdn().fault({ kind: 'shift', by: -1, times: 1 });
    const { totals, codes } = await read();
    expect(totals).toEqual([12, 13, 13]);
    expect(codes.filter((code) => code === before[4])).toHaveLength(2);
    expect(listed()).toHaveLength(13);
  });
});

describe('pages that are wrong', () => {
  const page = (pageNum: number, pageSize = 5) => askCodes(simulator.baseUrl, 25, { pageNum, pageSize });

  test.each([0, 13, -1, 1.5, 1e9, '12', null, { a: 1 }])('the total is %j', async (total) => {
    vdn().fault({ kind: 'total', total });
    expect(JSON.parse((await request()).body)).toHaveProperty('totalCount', total);
  });

  test('the total differs on one page only', async () => {
    vdn().fault({ kind: 'total', total: 11, page: 2 });
    const totals = [];
    for (const pageNum of [1, 2, 3]) {
      totals.push((await askPage(simulator.baseUrl, 25, { pageNum, pageSize: 5 })).totalCount);
    }
    expect(totals).toEqual([12, 11, 12]);
  });

  test('a page is repeated', async () => {
    vdn().fault({ kind: 'repeat-page', page: 2 });
    expect(await page(2)).toEqual(await page(1));
    expect(await page(3)).toEqual(listed().slice(10));
  });

  test('the page size is clamped', async () => {
    vdn().fault({ kind: 'clamp', pageSize: 3 });
    expect([await page(1), await page(2)]).toEqual([listed().slice(0, 3), listed().slice(3, 6)]);
    expect(await page(1, 2)).toHaveLength(2);
  });

  test('rows are missing at the end of a page', async () => {
    vdn().fault({ kind: 'short-page', page: 1, missing: 2 });
    expect(await page(1)).toEqual(listed().slice(0, 3));
    expect(await page(2)).toHaveLength(5);
  });

  test('entries come twice and count twice', async () => {
    vdn().fault({ kind: 'repeat-entries', count: 2 });
    const { obsCodes, totalCount } = await askPage(simulator.baseUrl, 25);
    expect(totalCount).toBe(14);
    const [first, second] = vdn().list();
    expect(obsCodes.slice(0, 4)).toEqual([first, first, second, second]);
  });

  test('one code comes with two descriptions', async () => {
    vdn().fault({ kind: 'repeat-entries', obsCodeDesc: 'Another.' });
    const { obsCodes } = await askPage(simulator.baseUrl, 25);
    expect(obsCodes[1]).toEqual({ obsCode: obsCodes[0]?.obsCode, obsCodeDesc: 'Another.' });
  });

  test('the list consists of any JSON values, lone surrogates and __proto__ included', async () => {
    const rows = [
      7,
      null,
      [],
      { obsCode: 605, obsCodeDesc: null },
      { obsCode: '\ud800' },
      JSON.parse('{"__proto__":{"obsCode":"1"}}'),
    ];
    vdn().fault({ kind: 'rows', rows });
    const { body } = await request({ pageSize: 50 });
    expect(body).toContain('"obsCodes":[7,null,[],{"obsCode":605,"obsCodeDesc":null},{"obsCode":"\\ud800"},');
    expect(body).toContain('{"__proto__":{"obsCode":"1"}}');
    expect(body).toContain('"totalCount":6');
    expect(JSON.parse((await request({ pageNum: 2, pageSize: 4 })).body).obsCodes).toHaveLength(2);
  });
});
