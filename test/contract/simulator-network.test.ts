import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { clientOf } from './client-of.ts';

test('a server with flow control refuses what comes too soon, and is still read whole', async () => {
  const simulator = await startSimulator({ requestsPerSecond: 50 });
  try {
    const client = clientOf(simulator.baseUrl, { retries: 3 });
    const vdns = Array.from({ length: 12 }, (_, index) => index + 1);
    const pages = await Promise.all(vdns.map((vdnId) => client.page({ vdnId })));
    expect(pages.map(({ rows }) => rows.length)).toEqual(Array(12).fill(50));
    expect(simulator.requests.withStatus(429)).toBeGreaterThan(0);
    expect(simulator.requests.total).toBeLessThan(2.5 * 12);
    expect(client.notices[0]).toMatch(
      /^the server answered 429, too many requests\. The next one is sent after/,
    );
  } finally {
    await simulator.close();
  }
});

test('a server that keeps answering 429 ends as rate-limited, within the retries', async () => {
  const simulator = await startSimulator();
  try {
    simulator.fault({ kind: 'status', status: 429 });
    const client = clientOf(simulator.baseUrl, { retries: 2 });
    const asked = [1, 2, 3, 4, 5, 6].map((vdnId) => client.page({ vdnId }));
    for (const result of await Promise.allSettled(asked))
      expect(result).toMatchObject({ reason: { code: 'rate-limited' } });
    expect(simulator.requests.total).toBeLessThanOrEqual(3 * 6);
  } finally {
    await simulator.close();
  }
});

test('behind a balancer that rewrites Host the server checks what it sees', async () => {
  const simulator = await startSimulator({ seenHost: 'aicc.internal' });
  try {
    const signing = { headers: ['host' as const], timestamp: 'seconds' as const };
    await expect(clientOf(simulator.baseUrl, { signing }).page()).rejects.toMatchObject({
      code: 'unauthorized',
    });
    const host = 'aicc.internal';
    expect((await clientOf(simulator.baseUrl, { signing: { ...signing, host } }).page()).total).toBe(120);
  } finally {
    await simulator.close();
  }
});
