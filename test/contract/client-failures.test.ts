import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { RetriableError, type VdnErrorCode } from '../../src/errors.ts';
import { demoAccount, type Fault, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { clientOf, failureOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 120 });
});

afterEach(() => simulator.close());

const mebibyte = 1024 * 1024;

describe('every failure is one code, and says what to do', () => {
  test.each<[Fault, VdnErrorCode, 'again' | 'once', RegExp]>([
    [
      { kind: 'status', status: 401 },
      'unauthorized',
      'once',
      /\(401\), and says "simulated"\. Check accessKey and secretKey/,
    ],
    [{ kind: 'status', status: 403 }, 'forbidden', 'once', /ask for the right to query OBS result codes/],
    [{ kind: 'firewall' }, 'forbidden', 'once', /outgoing address put on the allow list/],
    [
      { kind: 'firewall', status: 418 },
      'http-status',
      'once',
      /says "Request blocked"\. Ask the operator of the web/,
    ],
    [
      { kind: 'status', status: 523 },
      'http-status',
      'again',
      /Ask the operator of the web application firewall/,
    ],
    [{ kind: 'status', status: 404 }, 'http-status', 'once', /Check baseUrl/],
    [{ kind: 'status', status: 408 }, 'http-status', 'again', /answered 408/],
    [{ kind: 'status', status: 429 }, 'rate-limited', 'again', /Lower concurrency or set requestsPerSecond/],
    [{ kind: 'status', status: 429, retryAfter: '90' }, 'rate-limited', 'once', /wants no request for 90 s/],
    [{ kind: 'status', status: 500 }, 'http-status', 'again', /Ask its operator if it does not pass/],
    [{ kind: 'status', status: 503, retryAfter: '3600' }, 'rate-limited', 'once', /3600 s/],
    [{ kind: 'firewall', status: 502 }, 'http-status', 'again', /502 with what looks like a page of a/],
    [{ kind: 'redirect', location: '/elsewhere' }, 'redirect', 'once', /not followed.*Set baseUrl/],
    [{ kind: 'status', status: 304 }, 'redirect', 'once', /answered 304/],
    [{ kind: 'html' }, 'not-json', 'again', /HTML page instead of JSON; a firewall/],
    [{ kind: 'truncated' }, 'not-json', 'again', /JSON that is cut off or malformed/],
    [{ kind: 'body', body: '' }, 'not-json', 'again', /an empty body/],
    [{ kind: 'body', body: new Uint8Array([0x22, 0xff, 0x22]) }, 'not-json', 'again', /not UTF-8/],
    [{ kind: 'body', body: '"text"' }, 'bad-response', 'once', /Check that baseUrl leads to/],
    [{ kind: 'total', total: '120 ' }, 'bad-response', 'once', /totalCount/],
    [{ kind: 'total', total: 100_001 }, 'too-large', 'once', /states 100001 codes/],
    [{ kind: 'failure', resultCode: '0200006' }, 'isales-error', 'again', /database operation exception/],
    [
      { kind: 'failure', resultCode: '02000007' },
      'isales-error',
      'once',
      /"02000007": wrong parameter value/,
    ],
    [{ kind: 'failure', resultCode: '0200000', returnCode: '0200001' }, 'isales-error', 'once', /"0200001"/],
    [{ kind: 'rows', rows: [{ obsCode: 605 }] }, 'bad-row', 'once', /page 1, row 1 has a number as obsCode/],
    [{ kind: 'cut' }, 'network', 'again', /the connection failed \(ECONNRESET\)/],
    [{ kind: 'cut', afterBytes: 100 }, 'network', 'again', /the connection failed/],
    [{ kind: 'hang' }, 'timeout', 'again', /no complete answer within 0\.5 s.*raise timeout/],
    [{ kind: 'trickle', bytesPerSecond: 100 }, 'timeout', 'again', /no complete answer within 0\.5 s/],
    [{ kind: 'oversized', bytes: 5 * mebibyte }, 'too-large', 'once', /larger than 5 MiB.*Lower pageSize/],
    [{ kind: 'oversized', bytes: 200 * mebibyte, gzip: true }, 'too-large', 'once', /larger than 5 MiB/],
  ])('%j', async (fault, code, tries, message) => {
    simulator.vdn(25).fault(fault);
    const client = clientOf(simulator.baseUrl, { timeoutMs: tries === 'again' ? 500 : 10_000 });
    const error = await failureOf(client.page());
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error instanceof RetriableError ? 'again' : 'once').toBe(tries);
    expect(client.attempts.map(({ result }) => result)).toEqual([code]);
    // The connection is let go: another VDN is served at once.
    expect((await client.page({ vdnId: 26 })).total).toBe(120);
  });

  test.each<[Fault, number]>([
    [{ kind: 'status', status: 401 }, 1],
    [{ kind: 'status', status: 403 }, 1],
    [{ kind: 'status', status: 404 }, 1],
    [{ kind: 'failure', resultCode: '0200001' }, 1],
    [{ kind: 'redirect', location: '/' }, 1],
    [{ kind: 'status', status: 429, retryAfter: '61' }, 1],
    [{ kind: 'status', status: 500 }, 2],
    [{ kind: 'status', status: 425 }, 2],
    [{ kind: 'truncated' }, 2],
  ])('%j is asked for so often with one retry: %i', async (fault, requests) => {
    simulator.vdn(25).fault(fault);
    await failureOf(clientOf(simulator.baseUrl, { retries: 1 }).page());
    expect(simulator.requests.total).toBe(requests);
  });
});

test('a large answer below the limit is read, also packed', async () => {
  for (const gzip of [false, true]) {
    simulator.vdn(25).clearFaults();
    simulator.vdn(25).fault({ kind: 'oversized', bytes: 4 * mebibyte, gzip });
    expect((await clientOf(simulator.baseUrl).page()).total).toBe(120);
  }
});

test('a redirect is not followed, so the signature goes nowhere else', async () => {
  const elsewhere = await startSimulator();
  try {
    for (const status of [301, 302, 303, 307, 308]) {
      simulator.vdn(25).clearFaults();
      simulator.vdn(25).fault({ kind: 'redirect', location: `${elsewhere.baseUrl}/`, status });
      expect((await failureOf(clientOf(simulator.baseUrl).page())).code).toBe('redirect');
    }
    expect(elsewhere.requests.total).toBe(0);
  } finally {
    await elsewhere.close();
  }
});

describe('who cannot be reached', () => {
  test('a port where nothing listens', async () => {
    const { baseUrl } = simulator;
    await simulator.close();
    const error = await failureOf(clientOf(baseUrl).page());
    expect([error.code, error.message]).toEqual([
      'network',
      expect.stringMatching(/ECONNREFUSED.*nothing listens/),
    ]);
    simulator = await startSimulator();
  });

  test('an unknown host name', async () => {
    const error = await failureOf(clientOf('https://no-such-host.invalid').page());
    expect([error.code, error.message]).toEqual([
      'network',
      expect.stringMatching(/check( baseUrl and)? DNS/),
    ]);
  });

  test('something that takes connections and says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    for (const scheme of ['http', 'https']) {
      const client = clientOf(`${scheme}://127.0.0.1:${address.port}`, { timeoutMs: 300 });
      expect((await failureOf(client.page())).code).toBe('timeout');
    }
  });
});

describe('a refused signature', () => {
  test('from a clock that is right, is a matter of the keys', async () => {
    const client = clientOf(simulator.baseUrl, { secretKey: 'wrong' });
    const error = await failureOf(client.page());
    expect([error.code, error.message]).toEqual(['unauthorized', expect.stringMatching(/Check accessKey/)]);
  });

  test('from a clock that is off, says by how much', async () => {
    const ahead = await startSimulator({ clockOffsetMs: 3_600_000 });
    try {
      const error = await failureOf(clientOf(ahead.baseUrl, demoAccount).page());
      expect(error.message).toMatch(/its clock is (3599|3600) s ahead of this machine’s/);
    } finally {
      await ahead.close();
    }
  });
});
