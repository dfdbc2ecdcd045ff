import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwayMode, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { clientOf, failureOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 120, latencyMs: 2 });
});

afterEach(() => simulator.close());

const ways: readonly AwayMode[] = ['503', 'reset', 'refused', 'hang'];
/** Far longer than the retries of a request would last, were they used up: the first waits for 0.5 s at least. */
const settings = { retries: 1 };
/** For requests that hang. A busy machine answers well within it. */
const timeoutMs = 1_000;

const both = [
  expect.stringMatching(/^the server is away: /),
  expect.stringMatching(/^the server answers again after /),
];

test.each(ways)(
  'a server that is away at the very start (%s) costs its time and nothing else',
  async (how) => {
    await simulator.away(how, 1_300);
    const client = clientOf(simulator.baseUrl, { ...settings, ...(how === 'hang' ? { timeoutMs } : {}) });
    const pages = await Promise.all(vdns(12).map((vdnId) => client.page({ vdnId })));
    expect(pages.map(({ total }) => total)).toEqual(Array(12).fill(120));
    expect(client.notices).toEqual(both);
  },
);

test.each(['503', 'refused'] as const)('in the middle, too (%s)', async (how) => {
  const client = clientOf(simulator.baseUrl, settings);
  const reading = vdns(200).map((vdnId) => client.page({ vdnId }));
  await expect.poll(() => simulator.requests.total).toBeGreaterThan(20);
  await simulator.away(how, 700);
  expect(await Promise.all(reading)).toHaveLength(200);
  expect(client.notices).toEqual(both);
});

test('behind the last page an outage is waited for as anywhere', async () => {
  await simulator.away('503', 1_000);
  const client = clientOf(simulator.baseUrl, settings);
  const pages = vdns(3).map((vdnId) => client.page({ vdnId, pageNum: 4, behind: true }));
  for (const { rows } of await Promise.all(pages)) expect(rows).toEqual([]);
});

test('a server that stays away is given up, and gets no more requests', async () => {
  await simulator.away('reset');
  const client = clientOf(simulator.baseUrl, { ...settings, outageMs: 1_000 });
  const errors = await Promise.all(vdns(20).map((vdnId) => failureOf(client.page({ vdnId }))));
  const codes = errors.map(({ code }) => code);
  expect(codes.filter((code) => code === 'network')).toHaveLength(1);
  expect(codes.filter((code) => code === 'source-unavailable')).toHaveLength(19);
  const { total } = simulator.requests;
  expect(total).toBeLessThan(20);
  expect(await failureOf(client.page())).toMatchObject({ code: 'source-unavailable' });
  expect(simulator.requests.total).toBe(total);
});

test('VDNs that fail alone use up their own attempts, and the others are done', async () => {
  for (const vdnId of [1, 2]) simulator.vdn(vdnId).fault({ kind: 'hang' });
  for (const vdnId of [3, 4]) simulator.vdn(vdnId).fault({ kind: 'status', status: 500 });
  const client = clientOf(simulator.baseUrl, { ...settings, timeoutMs, outageMs: 500 });
  const ended = await Promise.allSettled(vdns(300).map((vdnId) => client.page({ vdnId })));
  expect(ended.slice(4).every(({ status }) => status === 'fulfilled')).toBe(true);
  expect(ended[2]).toMatchObject({ reason: { code: 'http-status', status: 500 } });
  expect(ended.slice(0, 4).every(({ status }) => status === 'rejected')).toBe(true);
});

function vdns(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
