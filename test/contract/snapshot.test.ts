import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diff } from '../../src/domain/diff.ts';
import { type Fault, type ObsCodeRow, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { readSnapshot } from '../../src/sync/read-snapshot.ts';
import { clientOf, failureOf } from './client-of.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ codesPerVdn: 120 });
});

afterEach(() => simulator.close());

const vdn = () => simulator.vdn(25);
const pagesAsked = () => simulator.requests.entries(25).map(({ pageNum, pageSize }) => [pageNum, pageSize]);
const readsMade = () => simulator.requests.entries(25).filter(({ pageNum }) => pageNum === 1).length;

function read(stored: readonly ObsCodeRow[] = [], pageSize = 50) {
  const client = clientOf(simulator.baseUrl);
  return readSnapshot({
    pageSize,
    signal: new AbortController().signal,
    fetchPage: (pageNum, pageSize, { signal, ...ask }) => client.page({ pageNum, pageSize, ...ask }, signal),
    compare: async (snapshot) =>
      diff(
        stored.map((row) => ({ ...row, removed: false })),
        snapshot,
      ),
  });
}

test.each([0, 1, 50, 51, 100, 101, 120, 500])('a list of %i codes is read as it is', async (count) => {
  vdn().edit(() =>
    Array.from({ length: count }, (_, index) => ({ obsCode: String(index), obsCodeDesc: `交换机 ${index}` })),
  );
  const { snapshot } = await read();
  expect([...snapshot.codes.values()]).toEqual(vdn().list());
  const behind = count > 0 && count % 50 === 0 ? 1 : 0;
  expect(simulator.requests.total).toBe(Math.max(1, Math.ceil(count / 50)) + behind);
});

describe('a list that moves while it is read', () => {
  test('loses nothing where one code goes and one comes, at equal totals', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'swap', times: 1 });
    const { difference } = await read(stored);
    expect(difference.changes.map(({ kind, obsCode }) => [kind, obsCode])).toEqual([
      ['removed', '00605'],
      ['added', '90000'],
    ]);
    // The first read missed the code that moved from page 2 to page 1, so three were needed.
    expect(readsMade()).toBe(3);
  });

  test('fails where it changes during every read', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'swap' });
    expect(await failureOf(read(stored))).toMatchObject({
      code: 'incomplete-snapshot',
      message: expect.stringMatching(/no two reads in a row gave the same list\. Nothing was changed/),
    });
    expect(readsMade()).toBe(3);
  });

  test('is read again where its total changes', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'shift', by: 1, times: 1 });
    const { difference } = await read(stored);
    expect(difference.changes).toMatchObject([{ kind: 'removed', obsCode: '00605' }]);
  });

  test('is read again where entries in front push others onto the next page', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'shift', by: -2, times: 1 });
    const { difference } = await read(stored);
    expect(difference.changes.map(({ kind }) => kind)).toEqual(['added', 'added']);
    expect(readsMade()).toBe(2);
  });
});

describe('a server that pages wrongly', () => {
  test.each<[Fault, RegExp]>([
    [{ kind: 'total', total: 119 }, /page 3 has 20 rows where 19 belong/],
    [{ kind: 'total', total: 121 }, /page 3 has 20 rows where 21 belong/],
    [{ kind: 'total', total: 119, page: 2 }, /page 1 stated 120 codes, page 2 119/],
    [{ kind: 'total', total: 0 }, /page 1 has 50 rows where 0 belong/],
    [{ kind: 'repeat-page', page: 2 }, /entries came more than once, and not the same ones/],
    [{ kind: 'short-page', page: 2, missing: 3 }, /page 2 has 47 rows where 50 belong/],
    [{ kind: 'short-page', page: 3, missing: 20 }, /page 3 has 0 rows where 20 belong/],
    [{ kind: 'clamp', pageSize: 20 }, /page 1 has 20 of 120 codes although 50.*configure pageSize: 20/],
  ])('%j is an incomplete snapshot after three reads', async (fault, reason) => {
    vdn().fault(fault);
    const error = await failureOf(read());
    expect([error.code, error.message]).toEqual(['incomplete-snapshot', expect.stringMatching(reason)]);
    expect(readsMade()).toBe(3);
  });

  test('a clamped page size costs one request a read, and is right once it is configured', async () => {
    vdn().fault({ kind: 'clamp', pageSize: 20 });
    await failureOf(read());
    expect(pagesAsked()).toEqual([
      [1, 50],
      [1, 50],
      [1, 50],
    ]);
    expect((await read([], 20)).snapshot.codes.size).toBe(120);
  });

  test('a single failure is no outage', async () => {
    vdn().fault({ kind: 'short-page', page: 3, times: 1 });
    expect((await read()).snapshot.codes.size).toBe(120);
    expect(readsMade()).toBe(2);
  });
});

describe('a server that shows another list than there is', () => {
  const removed = async (stored: readonly ObsCodeRow[], pageSize = 40) =>
    (await read(stored, pageSize)).difference.changes.flatMap(({ kind, obsCode }) =>
      kind === 'removed' ? obsCode : [],
    );

  test.each<[string, Fault, RegExp]>([
    ['a total of the page', { kind: 'page-total' }, /its total of 40 does not count what is listed: page 2/],
    ['a total that lags', { kind: 'lagging-total' }, /its total of 80 does not count what is listed: page 3/],
  ])('%s is found out behind a full last page', async (_, fault, message) => {
    vdn().edit((codes) => codes.slice(0, 80));
    const stored = vdn().list();
    vdn().edit((codes) => [...codes, { obsCode: '90000', obsCodeDesc: null }]);
    vdn().fault(fault);
    expect((await failureOf(read(stored, 40))).message).toMatch(message);
    expect(readsMade()).toBe(3);
  });

  test.each<Fault>([
    { kind: 'nodes', by: 'turns' },
    { kind: 'nodes', by: 'random' },
    { kind: 'nodes', by: 'address' },
    { kind: 'cache' },
  ])('%j: a code that moved to another page in between is not taken for removed', async (fault) => {
    const stored = vdn().list();
    vdn().fault(fault);
    simulator.betweenRequests(25, (codes, request) =>
      request === 2 ? [...codes.slice(1), { obsCode: '90000', obsCodeDesc: null }] : codes,
    );
    const taken = await removed(stored).catch(() => []);
    expect(['', '00605']).toContain(taken.join());
  });

  test.each<Fault>([
    ...([400, 404, 500, 'null', 'missing', 'failure', 'last-page'] as const).map(
      (answer): Fault => ({ kind: 'behind', answer }),
    ),
  ])('%j is the end of the list behind a full last page', async (fault) => {
    vdn().fault(fault);
    expect((await read([], 40)).snapshot.codes.size).toBe(120);
    expect(pagesAsked().map(([pageNum]) => pageNum)).toEqual([1, 2, 3, 4]);
  });

  test('a row that changes and moves while the list is read: the list is read again, and nothing is lost', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'move', times: 1 });
    expect(await removed(stored)).toEqual([]);
    expect(readsMade()).toBe(2);
  });
});

describe('a server that repeats entries', () => {
  test('for good is read with another page size, and believed', async () => {
    vdn().fault({ kind: 'repeat-entries', count: 3 });
    expect((await read()).snapshot.codes.size).toBe(120);
    expect(new Set(pagesAsked().map(([, pageSize]) => pageSize))).toEqual(new Set([50, 49]));
    expect(readsMade()).toBe(2);
  });

  test('removes nothing by it', async () => {
    const stored = vdn().list();
    vdn().fault({ kind: 'repeat-entries', count: 3 });
    vdn().remove('00604');
    expect((await failureOf(read(stored))).message).toMatch(/lists entries more than once/);
  });

  test('with another description is a bad row once another page size gives it too', async () => {
    vdn().fault({ kind: 'repeat-entries', obsCodeDesc: 'Another.' });
    const error = await failureOf(read());
    expect([error.code, error.message]).toEqual([
      'bad-row',
      expect.stringMatching(/code "00605" came with two descriptions, "Another\." and "交换机忙。"/),
    ]);
    expect(readsMade()).toBe(2);
  });
});

test('a page that fails ends the read with its own error, and the other pages are not waited for', async () => {
  vdn().fault({ kind: 'status', status: 403, page: 2 });
  vdn().fault({ kind: 'hang', page: 3 });
  expect((await failureOf(read())).code).toBe('forbidden');
  expect(readsMade()).toBe(1);
  await expect.poll(() => simulator.requests.counts().underWay).toBe(0);
});
