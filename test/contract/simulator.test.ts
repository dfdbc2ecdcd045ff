import { Agent } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { askCodes, askPage } from '../unit/simulator/page.ts';
import { ask } from '../unit/simulator/signed-request.ts';

const running: Simulator[] = [];

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

describe('a page', () => {
  test('is what the interface document shows', async () => {
    const { baseUrl } = await simulate();
    const { body, headers } = await ask(baseUrl, 25, { pageSize: 1, headers: { locale: 'en_US' } });
    expect(headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(JSON.parse(body)).toEqual({
      obsCodes: [{ obsCodeDesc: 'The switch is busy.', obsCode: '00605' }],
      returnCode: '0200000',
      resultCode: '0200000',
      resultDesc: 'query queryOBSResultCode Success!',
      totalCount: 120,
      returnDesc: 'query queryOBSResultCode Success!',
    });
  });

  test('is a part of the list, and all pages together are the list', async () => {
    const simulator = await simulate({ codesPerVdn: 120 });
    const pages = await Promise.all([1, 2, 3].map((pageNum) => askPage(simulator.baseUrl, 25, { pageNum })));
    expect(pages.map(({ obsCodes }) => obsCodes.length)).toEqual([50, 50, 20]);
    expect(pages.map(({ totalCount }) => totalCount)).toEqual([120, 120, 120]);
    expect(pages.flatMap(({ obsCodes }) => obsCodes)).toEqual(simulator.vdn(25).list('zh_CN'));
  });

  test('past the end is empty with the right total', async () => {
    const { baseUrl } = await simulate();
    expect(await askPage(baseUrl, 25, { pageNum: 4 })).toMatchObject({ obsCodes: [], totalCount: 120 });
  });

  test.each([
    [undefined, 'zh_CN'],
    ['zh_CN', 'zh_CN'],
    ['en_US', 'en_US'],
    ['fr_FR', 'zh_CN'],
  ] as const)('asked for with the locale %s speaks %s', async (asked, spoken) => {
    const simulator = await simulate({ codesPerVdn: 9 });
    const headers = asked === undefined ? {} : { locale: asked };
    const { obsCodes } = await askPage(simulator.baseUrl, 25, { headers });
    expect(obsCodes).toEqual(simulator.vdn(25).list(spoken));
  });

  test('is no longer than the server lets it be', async () => {
    const { baseUrl } = await simulate({ maxPageSize: 20 });
    const pages = await Promise.all([1, 6].map((pageNum) => askPage(baseUrl, 25, { pageNum })));
    expect(pages.map(({ obsCodes }) => obsCodes.length)).toEqual([20, 20]);
  });

  test('shows an edit from the next request on', async () => {
    const simulator = await simulate({ codesPerVdn: 7 });
    simulator.vdn(25).remove('00605');
    expect(await askCodes(simulator.baseUrl, 25)).toEqual(
      simulator
        .vdn(25)
        .list()
        .map(({ obsCode }) => obsCode),
    );
    expect((await askPage(simulator.baseUrl, 25)).totalCount).toBe(6);
  });
});

describe('wrong parameters are answered with a code of the catalogue', () => {
  const target = (query: string, vdnId = '25') =>
    `/rest/isales/v1/openapi/campaigns/${vdnId}/queryOBSResultCode${query}`;

  test.each([
    ['VDN 0', { target: target('?pageSize=50&pageNum=1', '0') }, '02000007'],
    ['VDN 10000', { target: target('?pageSize=50&pageNum=1', '10000') }, '02000007'],
    ['a VDN that is no number', { target: target('?pageSize=50&pageNum=1', 'x') }, '02000006'],
    ['no VDN', { target: target('?pageSize=50&pageNum=1', '') }, '02000001'],
    ['no query', { target: target('') }, '02000001'],
    ['no pageNum', { target: target('?pageSize=50') }, '02000001'],
    ['an empty pageSize', { target: target('?pageSize=&pageNum=1') }, '02000001'],
    ['page 0', { pageNum: 0 }, '02000007'],
    ['a negative page', { pageNum: -1 }, '02000007'],
    ['a fraction of a page', { pageNum: '1.5' }, '02000006'],
    ['a page size of 0', { pageSize: 0 }, '02000007'],
    ['a page size of 51', { pageSize: 51 }, '02000007'],
    ['a page size in words', { pageSize: 'fifty' }, '02000006'],
    ['a page number that comes twice', { target: target('?pageSize=50&pageNum=1&pageNum=2') }, '02000011'],
    ['no Content-Type', { without: ['content-type'], signed: ['host'] }, '02000001'],
    ['another Content-Type', { headers: { 'content-type': 'text/plain' } }, '02000007'],
  ])('%s', async (_, options, code) => {
    const { baseUrl } = await simulate();
    const { status, body } = await ask(baseUrl, 25, options);
    const answer: unknown = JSON.parse(body);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ resultCode: code, returnCode: code });
    expect(answer).not.toHaveProperty('obsCodes');
  });

  test('the first and the last of what is allowed are taken', async () => {
    const { baseUrl } = await simulate();
    for (const vdnId of [1, 9999]) {
      for (const pageSize of [1, 50]) {
        expect((await askPage(baseUrl, vdnId, { pageSize })).obsCodes).toHaveLength(pageSize);
      }
    }
  });
});

describe('which requests are accepted', () => {
  test('another path is a 404, another method a 405', async () => {
    const { baseUrl } = await simulate();
    expect((await ask(baseUrl, 25, { target: '/rest/isales/v1/openapi/campaigns/25/other' })).status).toBe(
      404,
    );
    const { status, headers } = await ask(baseUrl, 25, { method: 'POST' });
    expect([status, headers.allow]).toEqual([405, 'GET']);
  });

  test('a wrong secret key is a 401 in JSON, and the log says why', async () => {
    const simulator = await simulate({ accounts: [{ accessKey: 'ak', secretKey: 'right' }] });
    const answer = await ask(simulator.baseUrl, 25, { account: { accessKey: 'ak', secretKey: 'wrong' } });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toHaveProperty('message');
    expect(simulator.requests.entries(25)[0]?.refused).toMatch(/does not match/);
    const right = await ask(simulator.baseUrl, 25, { account: { accessKey: 'ak', secretKey: 'right' } });
    expect(right.status).toBe(200);
  });

  test('the wire is verified: a header changed after signing is a 401', async () => {
    const simulator = await simulate();
    await ask(simulator.baseUrl, 25, { headers: { host: 'isales.example.com' } });
    const authorization = simulator.requests.entries(25)[0]?.headers.authorization ?? '';
    expect(simulator.requests.entries(25)[0]?.refused).toBeUndefined();
    expect((await ask(simulator.baseUrl, 25, { headers: { authorization } })).status).toBe(401);
  });

  test.each([
    [{ timestamp: 'milliseconds' }, { milliseconds: true }, { milliseconds: false }],
    [{ timestamp: 'seconds' }, { milliseconds: false }, { milliseconds: true }],
    [{ signedHeaders: ['host'] }, { signed: ['host'] }, { signed: ['content-type', 'host'] }],
    [{ signedHeaders: ['content-type', 'host'] }, { signed: ['content-type', 'host'] }, { signed: ['host'] }],
  ] as const)('%j lets in %j and not %j', async (demanded, taken, refused) => {
    const { baseUrl } = await simulate(demanded);
    expect((await ask(baseUrl, 25, taken)).status).toBe(200);
    expect((await ask(baseUrl, 25, refused)).status).toBe(401);
  });

  test("the server's clock is the one that counts, and its Date header shows it", async () => {
    const clockOffsetMs = 3_600_000;
    const { baseUrl } = await simulate({ clockOffsetMs });
    const ours = await ask(baseUrl, 25);
    expect(ours.status).toBe(401);
    expect(Date.parse(ours.headers.date ?? '') - Date.now()).toBeGreaterThan(clockOffsetMs - 5_000);
    expect((await ask(baseUrl, 25, { at: new Date(Date.now() + clockOffsetMs) })).status).toBe(200);
  });
});

describe('a script of edits between requests', () => {
  test('is asked before each request and its list is the list from then on', async () => {
    const simulator = await simulate({ codesPerVdn: 4 });
    const asked: number[] = [];
    simulator.betweenRequests(25, (codes, requestNumber) => {
      asked.push(requestNumber);
      return requestNumber === 2 ? codes.slice(1) : undefined;
    });
    const read = () => askCodes(simulator.baseUrl, 25, { pageSize: 2 });
    const lists = [await read(), await read(), await read()];
    expect(lists).toEqual([
      ['00605', '00604'],
      ['00604', '00603'],
      ['00604', '00603'],
    ]);
    expect(asked).toEqual([1, 2, 3]);
    simulator.betweenRequests(25, undefined);
    await read();
    expect(asked).toHaveLength(3);
  });

  test('that throws is a 500 that says so', async () => {
    const simulator = await simulate();
    simulator.betweenRequests(25, () => {
      throw new Error('of the script');
    });
    const { status, body } = await ask(simulator.baseUrl, 25);
    expect([status, body]).toEqual([500, expect.stringContaining('of the script')]);
  });
});

describe('the record of requests', () => {
  test('counts by VDN and status and shows each attempt as it came', async () => {
    const simulator = await simulate();
    await ask(simulator.baseUrl, 1);
    await ask(simulator.baseUrl, 2, { pageNum: 2, headers: { locale: 'en_US' } });
    await ask(simulator.baseUrl, 2, { headers: { authorization: 'none' } });
    const { requests } = simulator;
    expect([requests.total, requests.ofVdn(1), requests.ofVdn(2)]).toEqual([3, 1, 2]);
    expect([requests.withStatus(200), requests.withStatus(401), requests.mostAtOnce]).toEqual([2, 1, 1]);
    const [first] = requests.entries(2);
    expect(first).toMatchObject({ method: 'GET', vdnId: 2, pageNum: 2, pageSize: 50, status: 200 });
    expect(first?.headers).toMatchObject({
      locale: 'en_US',
      authorization: expect.stringMatching(/^auth-v2\//),
    });
    requests.reset();
    expect([requests.total, requests.entries()]).toEqual([0, []]);
  });

  test('keeps the newest requests only', async () => {
    const simulator = await simulate({ loggedRequests: 3 });
    for (const pageNum of [1, 2, 3, 4, 5]) await ask(simulator.baseUrl, 1, { pageNum });
    expect(simulator.requests.entries().map(({ pageNum }) => pageNum)).toEqual([3, 4, 5]);
    expect(simulator.requests.total).toBe(5);
  });

  test('knows how many requests were under way at one time', async () => {
    const simulator = await simulate({ latencyMs: 100 });
    await Promise.all([1, 2, 3, 4].map((vdnId) => ask(simulator.baseUrl, vdnId)));
    expect(simulator.requests.mostAtOnce).toBe(4);
  });
});

test('each answer takes as long as it is told to, however many are under way', async () => {
  const { baseUrl } = await simulate({ latencyMs: 50 });
  const agent = new Agent({ keepAlive: true });
  const askThem = () =>
    Promise.all(Array.from({ length: 20 }, (_, index) => ask(baseUrl, index + 1, { agent })));
  await askThem();
  const started = performance.now();
  await askThem();
  const took = performance.now() - started;
  agent.destroy();
  expect(took).toBeGreaterThan(48);
  expect(took).toBeLessThan(500);
});
