import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { VdnError } from '../../../src/errors.ts';
import { readSnapshot } from '../../../src/sync/read-snapshot.ts';
import { entries, entry } from '../domain/pages.ts';
import { incomplete, pageOf, pagesAsked, read, readsMade } from './served-list.ts';

describe('how many requests it takes', () => {
  test.each([0, 1, 49, 50, 51, 99, 100, 101, 120, 149, 150, 151, 1000])(
    'max(1, ceil(n / pageSize)) for %i codes, one more behind a full last page, and none of them twice',
    async (count) => {
      for (const pageSize of [3, 50]) {
        const { requests, result } = read(() => entries(count), { pageSize });
        expect((await result).snapshot.codes.size).toBe(count);
        const behind = count > 0 && count % pageSize === 0 ? 1 : 0;
        const expected = Math.max(1, Math.ceil(count / pageSize)) + behind;
        expect(pagesAsked(requests)).toEqual(Array.from({ length: expected }, (_, index) => index + 1));
        expect(new Set(requests.map((asked) => asked.pageSize))).toEqual(new Set([pageSize]));
        expect(requests.map(({ behind }) => behind)).toEqual(requests.map((_, i) => i >= expected - behind));
      }
    },
  );

  test('as many for a list that gains codes and changes descriptions', async () => {
    const stored = [entry('00001', 'Old.'), ...entries(60).slice(1)];
    const { requests, result } = read(() => entries(120), { stored });
    expect((await result).difference.changes).toHaveLength(61);
    expect(requests).toHaveLength(3);
  });
});

describe('a list that loses codes is read once more with other page borders', () => {
  test.each<[number, number, number]>([
    [50, 0, 49],
    [50, 30, 49],
    [50, 50, 49],
    [50, 110, 49],
    // A last page that is full could hide what a total that lags does not count.
    [50, 98, 48],
    [7, 6, 5],
    [4, 9, 2],
    [3, 5, 2],
    [2, 5, 1],
    [1, 5, 2],
  ])('of %i, %i codes: also of %i', async (pageSize, left, other) => {
    const { requests, result } = read(() => entries(left), { pageSize, stored: entries(120) });
    expect((await result).difference.changes).toHaveLength(120 - left);
    const sizes = requests.filter(({ pageNum }) => pageNum === 1).map(({ pageSize }) => pageSize);
    expect(sizes).toEqual([pageSize, other]);
  });

  test('after the other VDNs, with the number of codes at stake', async () => {
    const told: unknown[] = [];
    const { requests, result } = read(() => entries(110), {
      stored: entries(120),
      beforeConfirming: async (losses) => {
        told.push(losses, requests.length);
      },
    });
    await result;
    expect(told).toEqual([{ removed: 10, activeBefore: 120 }, 3]);
  });

  test('but not where others say no', async () => {
    const beforeConfirming = () => Promise.reject(new Error('the source is given up'));
    const { requests, result } = read(() => entries(1), { stored: entries(2), beforeConfirming });
    await expect(result).rejects.toThrow('the source is given up');
    expect(requests).toHaveLength(1);
  });

  test('others are asked once, and not at all for a list that loses nothing', async () => {
    let asked = 0;
    const beforeConfirming = async () => {
      asked += 1;
    };
    await read(() => entries(120), { stored: entries(110), beforeConfirming }).result;
    expect(asked).toBe(0);
    const unsteady = read((_, request) => entries(request), { stored: entries(9), beforeConfirming });
    await expect(unsteady.result).rejects.toThrow(incomplete(/no two reads in a row/));
    expect(asked).toBe(1);
  });
});

describe('a list of several pages that loses codes', () => {
  const stored = entries(6);
  const options = { pageSize: 2, stored };

  test('is taken where the second and the third read agree', async () => {
    const reads = [entries(5), entries(4), entries(4)];
    let number = -1;
    const { requests, result } = read(({ pageNum }) => {
      if (pageNum === 1) number += 1;
      return reads[number] ?? [];
    }, options);
    expect((await result).difference.changes.map(({ obsCode }) => obsCode)).toEqual(['00005', '00006']);
    expect(readsMade(requests)).toBe(3);
  });

  test('is not taken where no two reads in a row agree, be it in one description', async () => {
    let number = 0;
    const { requests, result } = read(({ pageNum }) => {
      if (pageNum === 1) number += 1;
      return [...entries(3), entry('00004', number === 2 ? 'Now.' : 'Then.')];
    }, options);
    await expect(result).rejects.toThrow(incomplete(/no two reads in a row gave the same list/));
    expect(readsMade(requests)).toBe(3);
  });

  test('is not taken for two reads that agree with a broken one in between', async () => {
    let number = 0;
    const { result } = read((asked) => {
      if (asked.pageNum === 1) number += 1;
      const page = pageOf(entries(4), asked);
      return number === 2 ? { ...page, rows: page.rows.slice(1) } : page;
    }, options);
    await expect(result).rejects.toThrow(incomplete(/no two reads in a row/));
  });

  test('is taken at once where the second read brings every code back', async () => {
    const { requests, result } = read((_, request) => (request <= 2 ? entries(4) : stored), options);
    expect((await result).difference.changes).toEqual([]);
    expect(readsMade(requests)).toBe(2);
  });
});

describe('a read that is broken', () => {
  test('is made three times, then it says what was wrong and that nothing was changed', async () => {
    const { requests, result } = read(
      (asked) => ({ ...pageOf(entries(6), asked), total: 6 + asked.pageNum }),
      {
        pageSize: 2,
      },
    );
    await expect(result).rejects.toThrow(
      incomplete(/page 1 stated 7 codes, page \d 8.*Nothing was changed\.$/),
    );
    expect(readsMade(requests)).toBe(3);
  });

  test('costs one request where the first page shows it, and names the pageSize to configure', async () => {
    const clamped = read((asked) => pageOf(entries(120), { ...asked, pageSize: 20 }));
    // The second page of a clamped server is never asked for: it would begin in the wrong place.
    await expect(clamped.result).rejects.toThrow(incomplete(/configure pageSize: 20 for this source/));
    expect(pagesAsked(clamped.requests)).toEqual([1, 1, 1]);
  });

  test('is forgotten once a whole one follows', async () => {
    const { requests, result } = read((_, request) => entries(request === 1 ? 120 : 119));
    expect((await result).snapshot.codes.size).toBe(119);
    expect(readsMade(requests)).toBe(2);
  });

  test('stops the requests that are still under way', async () => {
    let aborted = 0;
    const { result, requests } = read(
      ({ pageNum }) => {
        if (pageNum < 3) return { total: pageNum === 1 ? 10 : 11, rows: entries(2) };
        aborted += 1;
        return entries(10);
      },
      { pageSize: 2 },
    );
    await expect(result).rejects.toThrow(incomplete(/page 2 11/));
    expect(requests).toHaveLength(15);
    expect(aborted).toBe(0);
  });
});

describe('what ends a read', () => {
  test('an error of one page: it is handed on when no request is under way any more', async () => {
    let underWay = 0;
    const { result } = read(
      async (asked) => {
        underWay += 1;
        for (let turn = 0; turn < asked.pageNum; turn += 1) await setImmediate();
        underWay -= 1;
        if (asked.pageNum === 2) throw new VdnError('forbidden', 'no.');
        return pageOf(entries(20), asked);
      },
      { pageSize: 2 },
    );
    await expect(result).rejects.toThrow(expect.objectContaining({ code: 'forbidden' }));
    expect(underWay).toBe(0);
  });

  test('the signal, with its own reason, and nothing is asked for any more', async () => {
    const stop = new AbortController();
    const { requests, result } = read(
      ({ pageNum }) => {
        if (pageNum === 2) stop.abort(new Error('enough'));
        return entries(20);
      },
      { pageSize: 2, signal: stop.signal },
    );
    await expect(result).rejects.toThrow('enough');
    expect(readsMade(requests)).toBe(1);
  });
});

test('of a list that waits to be confirmed no entry is kept: thousands of VDNs may wait', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const lists = 200;
  const codes = 500;
  const go = Promise.withResolvers<void>();
  let waiting = 0;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const readings = Array.from({ length: lists }, (_, vdn) => {
    const beforeConfirming = () => {
      waiting += 1;
      return go.promise;
    };
    return readSnapshot({
      pageSize: codes,
      signal: new AbortController().signal,
      fetchPage: async (_, pageSize) => {
        await setImmediate();
        const rows = entries(codes).map(({ obsCode }) =>
          entry(obsCode, `Text ${vdn} of ${obsCode}, at length.`),
        );
        return pageOf(rows.slice(1), { pageNum: 1, pageSize });
      },
      compare: () => ({
        changes: [{ kind: 'removed', obsCode: '00001', before: null, after: null }],
        activeBefore: codes,
      }),
      beforeConfirming,
    });
  });
  while (waiting < lists) await setImmediate();
  await setImmediate();
  collectGarbage();
  const kept = process.memoryUsage().heapUsed - before;
  go.reject(new Error('enough'));
  await Promise.allSettled(readings);
  expect(kept / lists).toBeLessThan(8 * 1024);
});
