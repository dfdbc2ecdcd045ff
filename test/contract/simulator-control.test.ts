import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { ask } from '../unit/simulator/signed-request.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 6 });
});

afterEach(async () => {
  await simulator.close();
});

async function control(
  method: string,
  path: string,
  body?: unknown,
): Promise<[status: number, json: unknown]> {
  const response = await fetch(`${simulator.baseUrl}/simulator/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return [response.status, text === '' ? undefined : JSON.parse(text)];
}

const done = [204, undefined];

describe('a list by hand', () => {
  test('is shown with both texts, and can be put back as it was shown', async () => {
    const [status, shown] = await control('GET', 'vdns/25');
    expect([status, shown]).toEqual([200, { codes: simulator.vdn(25).codes() }]);
    const codes = simulator.vdn(25).codes().slice(1);
    expect(await control('PUT', 'vdns/25', codes)).toEqual(done);
    expect(simulator.vdn(25).codes()).toEqual(codes);
    expect(await control('DELETE', 'vdns/25')).toEqual(done);
    expect(simulator.vdn(25).codes()).toHaveLength(6);
  });

  test('gains, changes and loses a code', async () => {
    const added = { obsCode: '0/1', obsCodeDesc: 'New.' };
    expect(await control('POST', 'vdns/25/codes', { ...added, position: 0 })).toEqual(done);
    expect(simulator.vdn(25).codes()[0]).toEqual(added);
    expect(await control('PUT', 'vdns/25/codes/0%2F1', { obsCodeDesc: null })).toEqual(done);
    expect(simulator.vdn(25).codes()[0]).toEqual({ obsCode: '0/1', obsCodeDesc: null });
    expect(await control('DELETE', 'vdns/25/codes/0%2F1')).toEqual(done);
    expect(simulator.vdn(25).codes()).toHaveLength(6);
  });

  test('changes in a share of the codes of all VDNs', async () => {
    const [status, answer] = await control('POST', 'edit', { share: 1, firstVdn: 2, lastVdn: 3 });
    expect([status, answer]).toEqual([200, { changed: 12 }]);
    expect(simulator.vdn(3).list('en_US')[0]?.obsCodeDesc).toBe('The switch is busy (revision 1).');
    expect(simulator.vdn(4).list('en_US')[0]?.obsCodeDesc).toBe('The switch is busy.');
  });
});

describe('faults by hand', () => {
  test.each(['vdns/25/fault', 'fault'])('are set, shown and cleared under %s', async (path) => {
    expect(await control('PUT', path, { kind: 'hang' })).toEqual(done);
    expect(await control('PUT', path, [{ kind: 'status', status: 503 }])).toEqual(done);
    expect((await ask(simulator.baseUrl, 25)).status).toBe(503);
    expect((await ask(simulator.baseUrl, 26)).status).toBe(path === 'fault' ? 503 : 200);
    expect(await control('GET', path)).toEqual([200, [{ kind: 'status', status: 503 }]]);
    expect(await control('DELETE', path)).toEqual(done);
    expect((await ask(simulator.baseUrl, 25)).status).toBe(200);
  });
});

test('requests count, except those to the control path', async () => {
  await ask(simulator.baseUrl, 25);
  const counts = { total: 1, underWay: 0, mostAtOnce: 1, byStatus: { '200': 1 }, byVdn: { '25': 1 } };
  expect(await control('GET', 'requests')).toEqual([200, counts]);
  expect(await control('DELETE', 'requests')).toEqual(done);
  expect(await control('GET', 'requests')).toMatchObject([200, { total: 0, byVdn: {} }]);
});

test.each([
  ['GET', 'nothing', undefined, 404, /GET \/simulator\/nothing is not known/],
  ['PATCH', 'vdns/25', undefined, 404, /is not known/],
  ['GET', 'vdns/0', undefined, 400, /1 to 9999/],
  ['PUT', 'vdns/0/fault', { kind: 'hang' }, 400, /1 to 9999/],
  ['DELETE', 'vdns/25/codes/x', undefined, 400, /has no code x/],
  ['DELETE', 'vdns/25/codes/%zz', undefined, 400, /malformed/i],
  ['PUT', 'vdns/25', [{ obsCode: 1 }], 400, /obsCode/],
  ['PUT', 'vdns/25', undefined, 400, /array/],
  ['PUT', 'fault', { kind: 'none' }, 400, /kind/],
  ['POST', 'edit', { share: 2 }, 400, /share/],
])('%s %s is refused in words', async (method, path, body, status, message) => {
  const answer = await control(method, path, body);
  expect(answer).toEqual([status, { status, message: expect.stringMatching(message) }]);
});
