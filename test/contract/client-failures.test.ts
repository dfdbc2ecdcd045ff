import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RetriableError, type VdnErrorCode } from '../../src/errors.ts';
import { demoAccount, type Fault, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { listening } from '../support/listening.ts';
import { clientOf, failureOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 120 });
});

afterEach(() => simulator.close());

const mebibyte = 1024 * 1024;

describe('every failure is one code, and says what to do', () => {
  // What each status, result code and row means: test/unit/isales. Here is what only the wire shows.
  test.each<[Fault, VdnErrorCode, 'again' | 'once', RegExp]>([
    [
      { kind: 'status', status: 401 },
      'unauthorized',
      'once',
      /\(401\), and says "simulated"\. Check accessKey and secretKey/,
    ],
    [
      { kind: 'firewall', status: 418 },
      'http-status',
      'once',
      /says "Request blocked"\. Ask the operator of the web/,
    ],
    [{ kind: 'status', status: 503, retryAfter: '3600' }, 'rate-limited', 'once', /3600 s/],
    [{ kind: 'redirect', location: '/elsewhere' }, 'redirect', 'once', /not followed.*Set baseUrl/],
    [{ kind: 'status', status: 304 }, 'redirect', 'once', /answered 304/],
    [{ kind: 'html' }, 'not-json', 'again', /HTML page instead of JSON; a firewall/],
    [{ kind: 'truncated' }, 'not-json', 'again', /JSON that is cut off or malformed/],
    [{ kind: 'body', body: new Uint8Array([0x22, 0xff, 0x22]) }, 'not-json', 'again', /not UTF-8/],
    [{ kind: 'total', total: 100_001 }, 'too-large', 'once', /states 100001 codes/],
    [{ kind: 'failure', resultCode: '0200006' }, 'isales-error', 'again', /database operation exception/],
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
    [{ kind: 'status', status: 403 }, 1],
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

describe('what cannot be reached', () => {
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

  test('a server that accepts connections and never answers', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {})));
    for (const scheme of ['http', 'https']) {
      const client = clientOf(`${scheme}://127.0.0.1:${port}`, { timeoutMs: 300 });
      expect((await failureOf(client.page())).code).toBe('timeout');
    }
  });
});

test('a signature refused by a server whose clock is off says by how much', async () => {
  const ahead = await startSimulator({ clockOffsetMs: 3_600_000 });
  try {
    const error = await failureOf(clientOf(ahead.baseUrl, demoAccount).page());
    expect(error.message).toMatch(/its clock is (3599|3600) s ahead of this machine’s/);
  } finally {
    await ahead.close();
  }
});
