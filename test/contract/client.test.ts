import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { listening } from '../support/listening.ts';
import { clientOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 120 });
});

afterEach(() => simulator.close());

const headersSent = () => simulator.requests.entries().map(({ headers }) => headers);
const signatures = () => headersSent().map(({ authorization = '' }) => authorization.split('/').at(-1));

describe('what goes over the wire', () => {
  test('a page is asked for as the interface demands', async () => {
    const page = await clientOf(simulator.baseUrl).page({ vdnId: 9999, pageNum: 3, pageSize: 50 });
    expect(page.total).toBe(120);
    expect(page.rows).toHaveLength(20);
    const [entry] = simulator.requests.entries();
    expect(entry).toMatchObject({
      method: 'GET',
      url: '/rest/isales/v1/openapi/campaigns/9999/queryOBSResultCode?pageSize=50&pageNum=3',
      status: 200,
      refused: undefined,
      headers: {
        'content-type': 'application/json; charset=UTF-8',
        host: new URL(simulator.baseUrl).host,
        'user-agent': expect.stringMatching(/^obs-code-sync\/\d+\.\d+\.\d+$/),
        authorization: expect.stringMatching(
          /^auth-v2\/demo-access-key\/[\dT:-]+Z\/content-type;host\/[\da-f]{64}$/,
        ),
      },
    });
  });

  test('the locale is sent where it is configured and nowhere else', async () => {
    await clientOf(simulator.baseUrl).page();
    const english = await clientOf(simulator.baseUrl, { locale: 'en_US' }).page();
    expect(english.rows[0]).toEqual({ obsCode: '00605', obsCodeDesc: 'The switch is busy.' });
    expect(headersSent().map(({ locale }) => locale)).toEqual([undefined, 'en_US']);
  });

  test.each([
    ['host alone', { headers: ['host'], timestamp: 'seconds' }],
    ['content-type and host', { headers: ['content-type', 'host'], timestamp: 'seconds' }],
    ['milliseconds', { headers: ['content-type', 'host'], timestamp: 'milliseconds' }],
    ['host alone, milliseconds', { headers: ['host'], timestamp: 'milliseconds' }],
  ] as const)('signed as configured: %s', async (_, { headers, timestamp }) => {
    const strict = await startSimulator({ timestamp, signedHeaders: headers });
    try {
      const client = clientOf(strict.baseUrl, { signing: { headers: [...headers], timestamp } });
      expect((await client.page()).total).toBe(120);
      const other = timestamp === 'seconds' ? 'milliseconds' : 'seconds';
      const wrong = clientOf(strict.baseUrl, { signing: { headers: [...headers], timestamp: other } });
      await expect(wrong.page()).rejects.toMatchObject({ code: 'unauthorized' });
    } finally {
      await strict.close();
    }
  });

  test('keys with every kind of character are signed rightly', async () => {
    const account = { accessKey: 'a/b;c=~', secretKey: 'ä"\\ %2F😀' };
    const other = await startSimulator({ accounts: [account] });
    try {
      expect((await clientOf(other.baseUrl, account).page()).total).toBe(120);
    } finally {
      await other.close();
    }
  });

  test('a path in baseUrl is sent and signed as it stands', async () => {
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(404).end();
    });
    const port = await listening(server);
    for (const path of ['/gateway/isales', '/gateway/isales/']) {
      await expect(clientOf(`http://127.0.0.1:${port}${path}`).page()).rejects.toThrow(/404/);
    }
    const whole =
      '/gateway/isales/rest/isales/v1/openapi/campaigns/25/queryOBSResultCode?pageSize=50&pageNum=1';
    expect(paths).toEqual([whole, whole]);
  });
});

describe('the Host that is signed is the one that is sent', () => {
  test('on a port of its own, which stays in it', async () => {
    await clientOf(simulator.baseUrl, { signing: { headers: ['host'], timestamp: 'seconds' } }).page();
    expect(headersSent()[0]?.host).toBe(`127.0.0.1:${new URL(simulator.baseUrl).port}`);
  });

  test('on the default port, which is left out of it', async (context) => {
    // An address of its own, so that a server on port 80 elsewhere does not matter.
    const host = '127.0.80.80';
    const onPort80 = await startSimulator({ host, port: 80 }).catch((error: unknown) => {
      context.skip(`port 80 cannot be listened on here: ${String(error)}`);
      throw error;
    });
    try {
      for (const baseUrl of [`http://${host}`, `http://${host}:80`]) {
        expect((await clientOf(baseUrl).page()).total).toBe(120);
      }
      expect(onPort80.requests.entries().map(({ headers }) => headers.host)).toEqual([host, host]);
    } finally {
      await onPort80.close();
    }
  });

  test('for an address of IPv6, brackets included', async (context) => {
    const ipv6 = await startSimulator({ host: '::1' }).catch((error: unknown) => {
      context.skip(`there is no IPv6 here: ${String(error)}`);
      throw error;
    });
    try {
      expect((await clientOf(ipv6.baseUrl).page()).total).toBe(120);
      expect(ipv6.requests.entries()[0]?.headers.host).toMatch(/^\[::1\]:\d+$/);
    } finally {
      await ipv6.close();
    }
  });
});

describe('several attempts', () => {
  test('each gets a new signature', async () => {
    simulator.vdn(25).fault({ kind: 'status', status: 500, times: 2 });
    const client = clientOf(simulator.baseUrl, {
      retries: 2,
      signing: { headers: ['content-type', 'host'], timestamp: 'milliseconds' },
    });
    expect((await client.page()).total).toBe(120);
    expect(simulator.requests.entries().map(({ status }) => status)).toEqual([500, 500, 200]);
    const timestamps = headersSent().map(({ authorization = '' }) => authorization.split('/')[2]);
    expect(new Set(timestamps).size).toBe(3);
    expect(new Set(signatures()).size).toBe(3);
    expect(client.attempts.map(({ result }) => result)).toEqual(['http-status', 'http-status', 'ok']);
  });

  test('there are as many as configured, and the last one’s error counts', async () => {
    simulator.vdn(25).fault({ kind: 'status', status: 500, times: 1 });
    simulator.vdn(25).fault({ kind: 'truncated' });
    const client = clientOf(simulator.baseUrl, { retries: 1 });
    await expect(client.page()).rejects.toMatchObject({ code: 'not-json' });
    expect(client.attempts.map(({ result }) => result)).toEqual(['http-status', 'not-json']);
  });

  test('while one waits for its turn, another page has the only slot', async () => {
    simulator.vdn(25).fault({ kind: 'status', status: 500, page: 1, times: 1 });
    const client = clientOf(simulator.baseUrl, { retries: 1, concurrency: 1 });
    const order: number[] = [];
    const pages = [1, 2].map((pageNum) => client.page({ pageNum }).then(() => order.push(pageNum)));
    await Promise.all(pages);
    expect(order).toEqual([2, 1]);
  });
});

test('connections are kept: one serves all requests in turn', async () => {
  let connections = 0;
  const { port } = new URL(simulator.baseUrl);
  const relay = createTcpServer((socket) => {
    connections += 1;
    socket.pipe(connect(Number(port), '127.0.0.1')).pipe(socket);
  });
  const client = clientOf(`http://127.0.0.1:${await listening(relay)}`);
  for (const pageNum of [1, 2, 3, 1, 2, 3]) await client.page({ pageNum });
  expect(connections).toBe(1);
  await Promise.all([1, 2, 3, 1, 2, 3, 1, 2, 3].map((pageNum) => client.page({ pageNum })));
  expect(connections).toBeLessThanOrEqual(4);
});

describe('an aborted signal', () => {
  test('ends a request that is under way, with the signal’s own reason', async () => {
    simulator.vdn(25).fault({ kind: 'hang' });
    const stop = new AbortController();
    const client = clientOf(simulator.baseUrl, { retries: 3 });
    const page = client.page({}, stop.signal);
    await expect.poll(() => simulator.requests.total).toBe(1);
    stop.abort(new Error('enough'));
    await expect(page).rejects.toThrow('enough');
    await expect.poll(() => simulator.requests.counts().underWay).toBe(0);
    expect(simulator.requests.total).toBe(1);
  });

  test('ends the wait for another attempt', async () => {
    simulator.vdn(25).fault({ kind: 'status', status: 500 });
    const stop = new AbortController();
    const client = clientOf(simulator.baseUrl, { retries: 10 });
    const page = client.page({}, stop.signal);
    await expect.poll(() => client.attempts).toHaveLength(1);
    stop.abort(new Error('enough'));
    await expect(page).rejects.toThrow('enough');
    expect(client.attempts).toHaveLength(1);
  });
});
