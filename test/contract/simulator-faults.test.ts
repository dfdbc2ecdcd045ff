import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { askPage } from '../unit/simulator/page.ts';
import { ask, respond } from '../unit/simulator/signed-request.ts';

// What a fault does is shown by what the client says of it: client-failures.test.ts, client-behind.test.ts, snapshot.test.ts.

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

test('left hanging, and closed at once with the simulator', async () => {
  vdn().fault({ kind: 'hang' });
  const hanging = expect(request()).rejects.toHaveProperty('code');
  await expect.poll(() => simulator.requests.total).toBe(1);
  await simulator.close();
  await hanging;
  expect(simulator.requests.entries()[0]?.status).toBeUndefined();
});

test('served late, together with another fault', async () => {
  vdn().fault({ kind: 'delay', ms: 80 });
  vdn().fault({ kind: 'status', status: 500 });
  const started = performance.now();
  expect((await request()).status).toBe(500);
  expect(performance.now() - started).toBeGreaterThan(75);
});

test('a body of 2 GB is streamed, and freed when the client disconnects', async () => {
  vdn().fault({ kind: 'oversized', bytes: 2 * 1024 ** 3 });
  const response = await respond(simulator.baseUrl, 25);
  let got = 0;
  for await (const chunk of response) {
    got += chunk.length;
    if (got > 20 * 1024 ** 2) break;
  }
  await expect.poll(() => simulator.requests.counts().underWay).toBe(0);
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(500 * 1024 ** 2);
});

describe('for whom and how long', () => {
  const statuses = async (count: number, vdnId = 25) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index += 1) seen.push((await ask(simulator.baseUrl, vdnId)).status);
    return seen;
  };

  test('a fault for the first requests ends', async () => {
    vdn().fault({ kind: 'status', status: 503, times: 2 });
    expect(await statuses(4)).toEqual([503, 503, 200, 200]);
  });

  test('whole answers are used up one after another', async () => {
    vdn().fault({ kind: 'status', status: 503, times: 1 });
    vdn().fault({ kind: 'status', status: 429, times: 2 });
    expect(await statuses(4)).toEqual([503, 429, 429, 200]);
  });

  test('a fault for one page does not touch the others, and is not used up by them', async () => {
    vdn().fault({ kind: 'status', status: 503, page: 2, times: 1 });
    const seen = [];
    for (const pageNum of [1, 2, 2]) seen.push((await request({ pageNum })).status);
    expect(seen).toEqual([200, 503, 200]);
  });

  test('a fault concerns its VDN, or all of them, until it is cleared', async () => {
    vdn().fault({ kind: 'status', status: 503 });
    expect([await statuses(1, 25), await statuses(1, 26)]).toEqual([[503], [200]]);
    simulator.fault({ kind: 'status', status: 500 });
    expect([await statuses(1, 25), await statuses(1, 26)]).toEqual([[503], [500]]);
    vdn().clearFaults();
    expect(await statuses(1, 25)).toEqual([500]);
    simulator.clearFaults();
    expect(await statuses(1, 25)).toEqual([200]);
  });

  test('the right answer still needs a signature, and a firewall stands before it', async () => {
    vdn().fault({ kind: 'total', total: 1 });
    expect((await request({ headers: { authorization: 'none' } })).status).toBe(401);
    vdn().fault({ kind: 'oversized', bytes: 10, times: 1 });
    expect((await request({ headers: { authorization: 'none' } })).status).toBe(401);
    vdn().fault({ kind: 'firewall' });
    expect((await request({ headers: { authorization: 'none' } })).status).toBe(403);
  });
});

describe('servers that answer with another list, or with an older one', () => {
  const page = (pageNum: number, pageSize = 5, vdnId = 25) =>
    askPage(simulator.baseUrl, vdnId, { pageNum, pageSize });
  const firstCodes = async (requests: number) => {
    const firsts = [];
    for (let request = 0; request < requests; request++) firsts.push((await page(1)).obsCodes[0]?.obsCode);
    return firsts;
  };

  test('a lagging node answers by turns', async () => {
    const [gone = '', next = ''] = listed();
    vdn().remove(gone);
    vdn().fault({ kind: 'nodes', by: 'turns' });
    expect(await firstCodes(4)).toEqual([next, gone, next, gone]);
  });

  test('a lagging node answers at random, with the same numbers each time', async () => {
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

  test('a node that is two edits behind always answers at the same addresses', async () => {
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

  test('every VDN has the list of one', async () => {
    simulator.fault({ kind: 'one-list', vdnId: 7 });
    const expected = await page(1, 50, 7);
    simulator.vdn(7).remove(expected.obsCodes[0]?.obsCode ?? '');
    for (const vdnId of [7, 25, 26]) {
      expect((await page(1, 50, vdnId)).obsCodes).toEqual(simulator.vdn(7).list());
    }
  });
});

describe('behind the end', () => {
  const behind = () => request({ pageNum: 4, pageSize: 5 });

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
