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

describe('servers that answer from another list or another time', () => {
  const page = (pageNum: number, pageSize = 5, vdnId = 25) =>
    askPage(simulator.baseUrl, vdnId, { pageNum, pageSize });
  const firstCodes = async (requests: number) => {
    const firsts = [];
    for (let request = 0; request < requests; request++) firsts.push((await page(1)).obsCodes[0]?.obsCode);
    return firsts;
  };

  test('a node that is behind answers by turns', async () => {
    const [gone = '', next = ''] = listed();
    vdn().remove(gone);
    vdn().fault({ kind: 'nodes', by: 'turns' });
    expect(await firstCodes(4)).toEqual([next, gone, next, gone]);
  });

  test('a node that is behind answers at random, the same way each time', async () => {
    const [gone] = listed();
    vdn().edit((codes) => codes.slice(1));
    vdn().fault({ kind: 'nodes', by: 'random' });
    const firsts = await firstCodes(20);
    expect(new Set(firsts).size).toBe(2);
    vdn().clearFaults();
    vdn().fault({ kind: 'nodes', by: 'random' });
    expect(await firstCodes(20)).toEqual(firsts);
    expect(firsts).toContain(gone);
  });

  test('a node that is two edits behind answers always at the same addresses', async () => {
    const before = listed();
    for (const obsCode of before.slice(0, 2)) vdn().remove(obsCode);
    vdn().fault({ kind: 'nodes', by: 'address', edits: 2 });
    const totals = async () =>
      Promise.all([1, 2, 3, 4, 5].map(async (size) => (await page(1, size)).totalCount));
    const first = await totals();
    expect(new Set(first)).toEqual(new Set([before.length, before.length - 2]));
    expect(await totals()).toEqual(first);
  });

  test('a cache gives what it gave at the same address, for each VDN its own', async () => {
    vdn().fault({ kind: 'cache' });
    simulator.vdn(26).fault({ kind: 'cache' });
    const [first, other] = [await page(1), await page(1, 5, 26)];
    vdn().edit((codes) => codes.slice(3));
    expect([await page(1), await page(1, 5, 26)]).toEqual([first, other]);
    expect((await page(1, 4)).totalCount).toBe(9);
    vdn().clearFaults();
    expect((await page(1)).totalCount).toBe(9);
  });

  test('a total lags, or counts the page alone', async () => {
    vdn().edit((codes) => codes.slice(2));
    vdn().fault({ kind: 'lagging-total', times: 1 });
    expect((await page(1)).totalCount).toBe(12);
    vdn().fault({ kind: 'page-total' });
    const pages = [await page(1), await page(2), await page(3)];
    expect(pages.map(({ totalCount, obsCodes }) => [totalCount, obsCodes.length])).toEqual([
      [5, 5],
      [5, 5],
      [0, 0],
    ]);
  });

  test('every VDN has the list of one', async () => {
    simulator.fault({ kind: 'one-list', vdnId: 7 });
    const expected = await page(1, 50, 7);
    simulator.vdn(7).remove(expected.obsCodes[0]?.obsCode ?? '');
    for (const vdnId of [7, 25, 26]) {
      expect((await page(1, 50, vdnId)).obsCodes).toEqual(simulator.vdn(7).list());
    }
  });

  test('an entry that is updated moves to the end, and is read with both texts', async () => {
    const [first] = vdn().list();
    vdn().fault({ kind: 'move', times: 1 });
    const rows = [...(await page(1)).obsCodes, ...(await page(2)).obsCodes, ...(await page(3)).obsCodes];
    expect(rows).toHaveLength(12);
    expect(rows[0]).toEqual(first);
    expect(rows.at(-1)).toMatchObject({
      obsCode: first?.obsCode,
      obsCodeDesc: expect.stringMatching(/^Moved/),
    });
  });
});

describe('behind the end', () => {
  const behind = () => request({ pageNum: 4, pageSize: 5 });

  test('is an empty list', async () => {
    expect(JSON.parse((await behind()).body)).toMatchObject({ obsCodes: [], totalCount: 12 });
  });

  test.each([400, 404, 500] as const)('is HTTP %i', async (answer) => {
    vdn().fault({ kind: 'behind', answer });
    expect((await behind()).status).toBe(answer);
    expect((await request({ pageNum: 3, pageSize: 5 })).status).toBe(200);
  });

  test('is null, no list, a failure or the last page once more', async () => {
    const answers = [];
    for (const answer of ['null', 'missing', 'failure', 'last-page'] as const) {
      vdn().clearFaults();
      vdn().fault({ kind: 'behind', answer });
      answers.push(JSON.parse((await behind()).body));
    }
    expect(answers).toEqual([
      expect.objectContaining({ obsCodes: null, resultCode: '0200000' }),
      expect.not.objectContaining({ obsCodes: expect.anything() }),
      expect.objectContaining({ resultCode: '0200001' }),
      expect.objectContaining({ obsCodes: vdn().list().slice(10), totalCount: 12 }),
    ]);
  });
});
