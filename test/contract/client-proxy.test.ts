import { beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { authority, type Issued, issue } from '../support/certificates.ts';
import { startFront, startProxy } from '../support/proxy-server.ts';
import { clientOf, failureOf } from './client-of.ts';

let ca: Issued;
beforeAll(async () => {
  ca = await authority('Corp CA');
});

async function simulated(https = false) {
  const simulator = await startSimulator({ https, codesPerVdn: 120 });
  const tls = { insecureSkipVerify: false, ca: simulator.caPem ?? '' };
  return { simulator, tls, host: new URL(simulator.baseUrl).host, [Symbol.asyncDispose]: simulator.close };
}

describe('through a proxy', () => {
  test('https goes by CONNECT, as a user, in tunnels that are kept', async () => {
    await using server = await simulated(true);
    const proxy = await startProxy({ user: 'us@er:p:w/ä' });
    const url = `http://us%40er:p%3Aw%2F%C3%A4@127.0.0.1:${proxy.port}`;
    const client = clientOf(server.simulator.baseUrl, { tls: server.tls, proxy: url });
    for (const pageNum of [1, 2, 3]) expect((await client.page({ pageNum })).total).toBe(120);
    expect(proxy.requests).toEqual([`CONNECT ${server.host} as us@er:p:w/ä`]);
  });

  test('plain http goes as a whole URL', async () => {
    await using server = await simulated();
    const proxy = await startProxy();
    const client = clientOf(server.simulator.baseUrl, { proxy: `http://127.0.0.1:${proxy.port}` });
    expect((await client.page()).total).toBe(120);
    expect(proxy.requests[0]).toMatch(`GET ${server.simulator.baseUrl}/rest/isales`);
  });

  test.each([
    [{ user: 'me:right' }, 407, /^the proxy http:\/\/127\.0\.0\.1:\d+ wants a user name and a password/],
    [{ refuses: 403 }, 403, /^the proxy http:\/\/127\.0\.0\.1:\d+ refuses to connect.*\(403\).*NO_PROXY/],
  ])('a refusal of the proxy is the proxy’s: %j', async (settings, status, message) => {
    for (const https of [true, false]) {
      await using server = await simulated(https);
      const proxy = await startProxy(settings);
      const url = `http://me:wrong-password@127.0.0.1:${proxy.port}`;
      const client = clientOf(server.simulator.baseUrl, { tls: server.tls, proxy: url, retries: 3 });
      const error = await failureOf(client.page());
      if (https || status === 407)
        expect(error).toMatchObject({
          code: 'network',
          status: undefined,
          message: expect.stringMatching(message),
        });
      expect(JSON.stringify(error) + error.message).not.toContain('wrong-password');
      expect(client.attempts).toHaveLength(1);
    }
  });

  test('a proxy that is away is named, and waited for like the server', async () => {
    await using server = await simulated(true);
    const gone = await startSimulator();
    await gone.close();
    const url = gone.baseUrl.replace('http://', 'http://me:hidden@');
    const error = await failureOf(clientOf(server.simulator.baseUrl, { tls: server.tls, proxy: url }).page());
    expect(error.message).toBe(
      `the proxy ${gone.baseUrl} cannot be reached (ECONNREFUSED): nothing listens at that address and port; ` +
        'check proxy, or HTTPS_PROXY and HTTP_PROXY of the environment.',
    );
  });
});

describe('behind a balancer or a gateway', () => {
  test.each([
    ['bare address', (host: string) => host.replace(/:\d+$/, '')],
    ['another name', () => 'aicc.internal'],
  ])('that rewrites Host to a %s, signing.host is sent and signed', async (_, hostOf) => {
    await using server = await simulated();
    const host = hostOf(server.host);
    const port = await startFront(server.simulator.baseUrl, { host });
    const baseUrl = `http://127.0.0.1:${port}`;
    expect(await failureOf(clientOf(baseUrl).page())).toMatchObject({ code: 'unauthorized' });
    const signing = { headers: ['content-type', 'host'], timestamp: 'seconds', host } as const;
    const client = clientOf(baseUrl, { signing: { ...signing, headers: [...signing.headers] } });
    expect((await client.page()).total).toBe(120);
  });

  test.each([
    ['strips one', '/gateway', '', (path: string) => path.replace('/gateway', '')],
    ['adds none', '', '', (path: string) => path],
  ])('that %s, signing.basePath is what is signed', async (_, basePath, signedPath, path) => {
    await using server = await simulated();
    const port = await startFront(server.simulator.baseUrl, { path, host: '127.0.0.1' });
    const signing = { headers: ['host' as const], timestamp: 'seconds' as const };
    const client = clientOf(`http://127.0.0.1:${port}${basePath}`, {
      signing: { ...signing, host: '127.0.0.1', basePath: signedPath },
    });
    expect((await client.page()).total).toBe(120);
  });

  test('over TLS the certificate is that of baseUrl, not of the Host that is sent', async () => {
    await using server = await simulated();
    const port = await startFront(server.simulator.baseUrl, {}, await issue(ca));
    const signing = { headers: ['host' as const], timestamp: 'seconds' as const, host: 'aicc.internal' };
    const client = clientOf(`https://127.0.0.1:${port}`, {
      tls: { insecureSkipVerify: false, ca: ca.cert },
      signing,
    });
    expect((await client.page()).total).toBe(120);
    expect(server.simulator.requests.entries()[0]?.headers.host).toBe('aicc.internal');
  });

  test('a gateway gets the headers that it wants, and no message shows their values', async () => {
    await using server = await simulated();
    const value = 'app-key-0123456789';
    const client = clientOf(server.simulator.baseUrl, { headers: { 'X-APP-Key': `${value} ` } });
    expect((await client.page()).total).toBe(120);
    expect(server.simulator.requests.entries()[0]?.headers['x-app-key']).toBe(value);
    server.simulator.fault({ kind: 'body', status: 403, body: JSON.stringify({ error_msg: `no ${value}` }) });
    expect((await failureOf(client.page())).message).toMatch(/says "no \[hidden\]"/);
  });
});
