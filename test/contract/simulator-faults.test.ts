import { createGunzip } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { ask, respond as respondTo } from '../unit/simulator/signed-request.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 12 });
});

afterEach(async () => {
  await simulator.close();
});

const vdn = () => simulator.vdn(25);
const request = (options: Parameters<typeof ask>[2] = {}) => ask(simulator.baseUrl, 25, options);
const respond = () => respondTo(simulator.baseUrl, 25);

describe('answers that are none', () => {
  test.each([
    ['in seconds', '2'],
    ['as a date', new Date(Date.UTC(2030, 0, 1)).toUTCString()],
  ])('a status with Retry-After %s', async (_, retryAfter) => {
    vdn().fault({ kind: 'status', status: 429, retryAfter });
    const { status, headers } = await request();
    expect([status, headers['retry-after']]).toEqual([429, retryAfter]);
  });

  test('a firewall page, also for a request without a signature', async () => {
    vdn().fault({ kind: 'firewall' });
    const { status, headers, body } = await request({ headers: { authorization: 'none' } });
    expect([status, headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
    expect(body).toMatch(/^<!DOCTYPE html>/);
  });

  test('HTML with status 200', async () => {
    vdn().fault({ kind: 'html' });
    const { status, headers, body } = await request();
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body).toMatch(/^<!DOCTYPE html>/);
  });

  test('a failure code, in both fields or in one', async () => {
    vdn().fault({ kind: 'failure', resultCode: '0200001', times: 1 });
    vdn().fault({ kind: 'failure', resultCode: '0200000', returnCode: '02000003', resultDesc: 'too long' });
    const [both, one] = [await request(), await request()].map(({ body }): unknown => JSON.parse(body));
    expect(both).toMatchObject({ resultCode: '0200001', returnCode: '0200001' });
    expect(both).not.toHaveProperty('obsCodes');
    expect(one).toMatchObject({ resultCode: '0200000', returnCode: '02000003', resultDesc: 'too long' });
  });

  test('a redirect to anywhere', async () => {
    vdn().fault({ kind: 'redirect', location: 'http://127.0.0.1:1/elsewhere', status: 307 });
    const { status, headers } = await request();
    expect([status, headers.location]).toEqual([307, 'http://127.0.0.1:1/elsewhere']);
  });

  test('any bytes as a body', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    vdn().fault({ kind: 'body', body, headers: { 'Content-Type': 'application/json', 'X-Odd': 'yes' } });
    const response = await respond();
    expect([response.statusCode, response.headers['x-odd']]).toEqual([200, 'yes']);
    expect(new Uint8Array(Buffer.concat(await response.toArray()))).toEqual(body);
  });

  test('half of the JSON, complete as HTTP', async () => {
    const right = (await request()).body;
    vdn().fault({ kind: 'truncated' });
    const { status, body } = await request();
    expect(status).toBe(200);
    expect(right.startsWith(body)).toBe(true);
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
  });
});

describe('connections', () => {
  test('cut before any answer', async () => {
    vdn().fault({ kind: 'cut' });
    await expect(request()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('cut within the body', async () => {
    vdn().fault({ kind: 'cut', afterBytes: 30 });
    const response = await respond();
    let got = 0;
    const reading = (async () => {
      for await (const chunk of response) got += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(got).toBe(30);
    expect(response.headers['content-length']).not.toBe('30');
  });

  test('left hanging, and closed at once with the simulator', async () => {
    vdn().fault({ kind: 'hang' });
    const hanging = expect(request()).rejects.toHaveProperty('code');
    await expect.poll(() => simulator.requests.total).toBe(1);
    await simulator.close();
    await hanging;
    expect(simulator.requests.entries()[0]?.status).toBeUndefined();
  });

  test('served a few bytes a second', async () => {
    const right = (await request()).body;
    vdn().fault({ kind: 'trickle', bytesPerSecond: 20 });
    const started = performance.now();
    const response = await respond();
    expect(performance.now() - started).toBeLessThan(1_000);
    let got = '';
    for await (const chunk of response) {
      got += chunk;
      if (got.length >= 5) break;
    }
    expect(right.startsWith(got)).toBe(true);
    expect(performance.now() - started).toBeGreaterThan(150);
  });

  test('served late, together with another fault', async () => {
    vdn().fault({ kind: 'delay', ms: 80 });
    vdn().fault({ kind: 'status', status: 500 });
    const started = performance.now();
    expect((await request()).status).toBe(500);
    expect(performance.now() - started).toBeGreaterThan(75);
  });
});

describe('oversized bodies', () => {
  test('are valid answers but for their size', async () => {
    vdn().fault({ kind: 'oversized', bytes: 6_000_000 });
    const { body } = await request();
    expect(body.length).toBeGreaterThan(6_000_000);
    expect(JSON.parse(body)).toMatchObject({ resultCode: '0200000', totalCount: 12 });
  });

  test('of 2 GB are streamed, and nothing is left of them when the client goes', async () => {
    vdn().fault({ kind: 'oversized', bytes: 2 * 1024 ** 3 });
    const response = await respond();
    let got = 0;
    for await (const chunk of response) {
      got += chunk.length;
      if (got > 20 * 1024 ** 2) break;
    }
    await expect.poll(() => simulator.requests.counts().underWay).toBe(0);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(500 * 1024 ** 2);
  });

  test('of 2 GB are a few MB as gzip', async () => {
    vdn().fault({ kind: 'oversized', bytes: 2 * 1024 ** 3, gzip: true });
    const response = await respond();
    expect(response.headers['content-encoding']).toBe('gzip');
    let packed = 0;
    for await (const chunk of response) packed += chunk.length;
    expect(packed).toBeLessThan(5 * 1024 ** 2);
  });

  test('unpack to what was packed', async () => {
    vdn().fault({ kind: 'oversized', bytes: 2_500_000, gzip: true });
    const response = await respond();
    const body = Buffer.concat(await response.pipe(createGunzip()).toArray()).toString();
    expect(JSON.parse(body)).toMatchObject({ padding: 'x'.repeat(2_500_000) });
  });
});

describe('for whom and how long', () => {
  const statuses = async (count: number, vdnId = 25) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index += 1) seen.push((await ask(simulator.baseUrl, vdnId)).status);
    return seen;
  };

  test('a fault for the first requests passes', async () => {
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

  test('the right answer still needs a signature', async () => {
    vdn().fault({ kind: 'total', total: 1 });
    expect((await request({ headers: { authorization: 'none' } })).status).toBe(401);
    vdn().fault({ kind: 'oversized', bytes: 10 });
    expect((await request({ headers: { authorization: 'none' } })).status).toBe(401);
  });
});
