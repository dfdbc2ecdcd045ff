import { describe, expect, test } from 'vitest';
import { VdnError } from '../../../src/errors.ts';
import { entries, entry } from '../domain/pages.ts';
import { type Asked, pageOf, read } from './served-list.ts';

const pagesAsked = (requests: readonly Asked[]) => requests.map(({ pageNum }) => pageNum);
const readsMade = (requests: readonly Asked[]) => requests.filter(({ pageNum }) => pageNum === 1).length;
const incomplete = (message: RegExp) =>
  expect.objectContaining({ code: 'incomplete-snapshot', message: expect.stringMatching(message) });

describe('how many requests it takes', () => {
  test.each([0, 1, 49, 50, 51, 99, 100, 101, 149, 150, 151, 1000])(
    'max(1, ceil(n / pageSize)) for %i codes, and none of them twice',
    async (count) => {
      for (const pageSize of [3, 50]) {
        const { requests, result } = read(() => entries(count), { pageSize });
        expect((await result).snapshot.codes.size).toBe(count);
        const expected = Math.max(1, Math.ceil(count / pageSize));
        expect(pagesAsked(requests)).toEqual(Array.from({ length: expected }, (_, index) => index + 1));
        expect(new Set(requests.map((asked) => asked.pageSize))).toEqual(new Set([pageSize]));
      }
    },
  );

  test('as many for a list that gains codes and changes descriptions', async () => {
    const stored = [entry('00001', 'Old.'), ...entries(60).slice(1)];
    const { requests, result } = read(() => entries(120), { stored });
    expect((await result).difference.changes).toHaveLength(61);
    expect(requests).toHaveLength(3);
  });

  test('as many for a list of one page, also where it loses codes or all of them', async () => {
    for (const left of [0, 30, 50]) {
      const { requests, result } = read(() => entries(left), { stored: entries(60) });
      expect((await result).difference.changes).toHaveLength(60 - left);
      expect(requests).toHaveLength(1);
    }
  });

  test('twice as many for a list of several pages that loses codes', async () => {
    const { requests, result } = read(() => entries(110), { stored: entries(120) });
    expect((await result).difference.changes).toHaveLength(10);
    expect(pagesAsked(requests)).toEqual([1, 2, 3, 1, 2, 3]);
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

describe('entries that come more than once', () => {
  const list = [...entries(6), entry('00002'), entry('00005')];

  test('are read again with another page size, and taken where it gives the same', async () => {
    const { requests, result } = read(() => list, { pageSize: 3 });
    expect([...(await result).snapshot.codes.keys()]).toEqual(entries(6).map(({ obsCode }) => obsCode));
    expect(requests.map(({ pageSize }) => pageSize)).toEqual([3, 3, 3, 2, 2, 2, 2]);
  });

  test('are not taken where another page size gives others', async () => {
    const { requests, result } = read(({ pageSize }) => [...entries(6), entry(`0000${pageSize}`)], {
      pageSize: 3,
    });
    await expect(result).rejects.toThrow(incomplete(/entries came more than once, and not the same ones/));
    expect(readsMade(requests)).toBe(3);
  });

  test('are not waited for where the next read has none', async () => {
    const { requests, result } = read((_, request) => (request <= 3 ? list : entries(6)), { pageSize: 3 });
    expect((await result).snapshot.codes.size).toBe(6);
    expect(readsMade(requests)).toBe(2);
  });

  test('keep codes from being removed, since a repetition can stand in the place of a live one', async () => {
    const { result } = read(() => list, { pageSize: 3, stored: entries(7) });
    await expect(result).rejects.toThrow(incomplete(/names entries more than once/));
  });

  test('do not keep codes from being removed where the list comes in one page', async () => {
    const { requests, result } = read(() => list, { pageSize: 50, stored: entries(7) });
    expect((await result).difference.changes).toMatchObject([{ kind: 'removed', obsCode: '00007' }]);
    expect(requests).toEqual([
      { pageNum: 1, pageSize: 50 },
      { pageNum: 1, pageSize: 49 },
    ]);
  });

  test('with two descriptions are a bad row at once', async () => {
    const { requests, result } = read(() => [...entries(6), entry('00002', 'Other.')], { pageSize: 3 });
    await expect(result).rejects.toThrow(expect.objectContaining({ code: 'bad-row' }));
    expect(requests).toHaveLength(3);
  });

  test('are told with a page size of 1 as well', async () => {
    const { requests, result } = read(() => list, { pageSize: 1 });
    expect((await result).snapshot.codes.size).toBe(6);
    expect(requests.at(-1)?.pageSize).toBe(2);
  });
});

describe('what ends a read', () => {
  test('an error of one page: it is handed on when no request is under way any more', async () => {
    let underWay = 0;
    const { result } = read(
      async (asked) => {
        underWay += 1;
        for (let turn = 0; turn < asked.pageNum; turn += 1) await new Promise((next) => setImmediate(next));
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
