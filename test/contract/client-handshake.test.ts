import { createServer, type ServerOptions } from 'node:https';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SourceConfig } from '../../src/config/schema.ts';
import { authority, type Issued, issue } from '../support/certificates.ts';
import { listening } from '../support/listening.ts';
import { startProxy } from '../support/proxy-server.ts';
import { clientOf, failureOf } from './client-of.ts';

const answer = JSON.stringify({ resultCode: '0200000', returnCode: '0200000', totalCount: 0, obsCodes: [] });
const old = { ciphers: 'DEFAULT@SECLEVEL=0' };

let [root, rsaRoot, intermediate, stranger]: Issued[] = [];
let [good, weak, forClients, named, byIntermediate, client]: Issued[] = [];
beforeAll(async () => {
  [root, stranger] = [await authority('Corp Root CA'), await authority('Stranger')];
  intermediate = await authority('Corp Issuing CA', root);
  rsaRoot = await authority('Old CA', undefined, 'rsa');
  [good, weak] = [await issue(root), await issue(rsaRoot, { weak: true })];
  [forClients, named] = [
    await issue(root, { purpose: 'client' }),
    await issue(root, { name: 'aicc.example.com' }),
  ];
  [byIntermediate, client] = [await issue(intermediate), await issue(root, { purpose: 'client' })];
});

const ca = (...trusted: (Issued | undefined)[]) => trusted.map((one) => one?.cert).join('\n');

async function pageFrom(server: ServerOptions, tls: Partial<SourceConfig['tls']>, proxy?: string) {
  const names: unknown[] = [];
  const port = await listening(
    createServer(server, (request, response) => {
      names.push('servername' in request.socket ? request.socket.servername : undefined);
      response.end(answer);
    }),
  );
  const asking = clientOf(`https://127.0.0.1:${port}`, {
    tls: { insecureSkipVerify: false, ...tls },
    retries: 3,
    ...(proxy === undefined ? {} : { proxy }),
  });
  return { names, asking };
}

describe('a server is trusted', () => {
  test.each<[string, () => [ServerOptions, Partial<SourceConfig['tls']>]]>([
    ['by its CA', () => [good ?? {}, { ca: ca(root) }]],
    ['by its own certificate', () => [good ?? {}, { ca: ca(good) }]],
    ['by an intermediate alone', () => [byIntermediate ?? {}, { ca: ca(intermediate) }]],
    ['by one of several', () => [good ?? {}, { ca: ca(stranger, root) }]],
    ['by another name', () => [named ?? {}, { ca: ca(root), serverName: 'aicc.example.com' }]],
    [
      'with a client certificate',
      () => [
        { ...good, ca: ca(root), requestCert: true, rejectUnauthorized: true },
        { ca: ca(root), cert: client?.cert ?? '', key: client?.key ?? '' },
      ],
    ],
    [
      'with TLS 1.0',
      () => [
        { ...good, ...old, maxVersion: 'TLSv1', minVersion: 'TLSv1' },
        { ca: ca(root), minVersion: 'TLSv1' },
      ],
    ],
    [
      'with a weak key',
      () => [
        { ...weak, ...old },
        { ca: ca(rsaRoot), minVersion: 'TLSv1.1' },
      ],
    ],
  ])('%s, directly and through a proxy', async (_, settings) => {
    const [server, tls] = settings();
    const proxy = await startProxy();
    for (const through of [undefined, `http://127.0.0.1:${proxy.port}`]) {
      const { asking, names } = await pageFrom(server, tls, through);
      expect(await asking.page()).toEqual({ total: 0, rows: [] });
      // No name is asked for where there is none.
      expect(names).toEqual([tls.serverName ?? false]);
    }
  });
});

describe('a server is not trusted, is asked once, and the message leads to the setting', () => {
  test.each<[string, () => [ServerOptions, Partial<SourceConfig['tls']>], RegExp]>([
    ['nothing known', () => [good ?? {}, {}], /signed by "Corp Root CA".*name it as tls\.caFile/],
    [
      'another CA',
      () => [good ?? {}, { ca: ca(stranger) }],
      /signed by "Corp Root CA", and not by what tls\.caFile holds/,
    ],
    ['another name', () => [named ?? {}, { ca: ca(root) }], /another name or address.*tls\.serverName/],
    ['purpose', () => [forClients ?? {}, { ca: ca(root) }], /not made for a server/],
    [
      'old TLS',
      () => [{ ...good, ...old, maxVersion: 'TLSv1', minVersion: 'TLSv1' }, { ca: ca(root) }],
      /tls\.minVersion to TLSv1/,
    ],
    ['weak key', () => [{ ...weak, ...old }, { ca: ca(rsaRoot) }], /key too weak.*tls\.minVersion: TLSv1/],
    [
      'client certificate wanted',
      () => [{ ...good, ca: ca(root), requestCert: true, rejectUnauthorized: true }, { ca: ca(root) }],
      /wants a client certificate.*tls\.certFile/,
    ],
    [
      'client certificate wanted, TLS 1.2',
      () => [
        { ...good, ca: ca(root), requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
        { ca: ca(root) },
      ],
      /client certificate.*tls\.certFile/,
    ],
  ])('%s', async (_, settings, message) => {
    const [server, tls] = settings();
    const { asking, names } = await pageFrom(server, tls);
    const error = await failureOf(asking.page());
    expect([error.code, error.message]).toEqual(['tls', expect.stringMatching(message)]);
    expect(asking.attempts).toHaveLength(1);
    expect(names).toEqual([]);
  });
});
