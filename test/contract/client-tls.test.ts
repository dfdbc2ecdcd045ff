import { expect, test } from 'vitest';
import type { SourceConfig } from '../../src/config/schema.ts';
import { type CertificateKind, startSimulator } from '../../src/simulator/index.ts';
import { type ClientSettings, clientOf, failureOf } from './client-of.ts';

type Trust = 'its CA' | 'nothing more' | 'anything';

async function failureWith(
  certificate: CertificateKind,
  trust: Trust,
  settings: Partial<ClientSettings> = {},
) {
  const simulator = await startSimulator({ https: true, certificate });
  const tls: Record<Trust, SourceConfig['tls']> = {
    'its CA': { insecureSkipVerify: false, ca: simulator.caPem ?? '' },
    'nothing more': { insecureSkipVerify: false },
    anything: { insecureSkipVerify: true },
  };
  try {
    const client = clientOf(simulator.baseUrl, { ...settings, tls: tls[trust] });
    const error = await client.page().then(
      () => undefined,
      () => failureOf(client.page()),
    );
    return { error, requests: simulator.requests.total, attempts: client.attempts };
  } finally {
    await simulator.close();
  }
}

// Whom else a client trusts, and whom it does not: client-handshake.test.ts.
test.each<[CertificateKind, Trust]>([
  ['valid', 'anything'],
  ['expired', 'anything'],
  ['wrong-host', 'anything'],
])('a %s certificate is taken by who trusts %s', async (certificate, trust) => {
  expect(await failureWith(certificate, trust)).toMatchObject({ error: undefined, requests: 1 });
});

test.each<[CertificateKind, Trust, RegExp]>([
  ['self-signed', 'nothing more', /authority that is not known here.*name it as tls\.caFile/],
  ['expired', 'its CA', /the certificate has expired: have it renewed/],
])(
  'a %s certificate is refused by who trusts %s, before anything is sent',
  async (certificate, trust, what) => {
    const { error, requests, attempts } = await failureWith(certificate, trust, { retries: 3 });
    expect(error).toMatchObject({ code: 'tls', message: expect.stringMatching(what) });
    expect(requests).toBe(0);
    expect(attempts).toHaveLength(2);
  },
);

test('https to a port that speaks http names both mistakes', async () => {
  const simulator = await startSimulator();
  try {
    const error = await failureOf(clientOf(simulator.baseUrl.replace('http:', 'https:')).page());
    expect(error).toMatchObject({
      code: 'tls',
      message: expect.stringMatching(/does not speak TLS|handshake/),
    });
    expect(simulator.requests.total).toBe(0);
  } finally {
    await simulator.close();
  }
});

test('http to a port that speaks TLS fails without an answer', async () => {
  const simulator = await startSimulator({ https: true });
  try {
    const error = await failureOf(clientOf(simulator.baseUrl.replace('https:', 'http:')).page());
    expect(['network', 'http-status']).toContain(error.code);
  } finally {
    await simulator.close();
  }
});

test('over TLS the signature holds, and one connection serves all', async () => {
  const simulator = await startSimulator({ https: true, codesPerVdn: 120 });
  try {
    const tls = { insecureSkipVerify: false, ca: simulator.caPem ?? '' };
    const client = clientOf(simulator.baseUrl, { tls });
    for (const pageNum of [1, 2, 3]) expect((await client.page({ pageNum })).total).toBe(120);
    expect(simulator.requests.withStatus(200)).toBe(3);
  } finally {
    await simulator.close();
  }
});
