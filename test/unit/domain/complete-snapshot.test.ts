import { describe, expect, test } from 'vitest';
import {
  CompleteSnapshot,
  type Page,
  pageCount,
  pageDefect,
  type RepeatedEntries,
} from '../../../src/domain/complete-snapshot.ts';
import { entries, entry, pagesOf } from './pages.ts';

const prove = (pages: readonly Page[], pageSize: number) => CompleteSnapshot.prove(pages, pageSize);

function repeatedOf(pages: readonly Page[], pageSize: number): RepeatedEntries {
  const result = prove(pages, pageSize);
  if (result.kind !== 'repeated') throw new Error(`not repeated but ${result.kind}`);
  return result.entries;
}

test.each([
  [0, 50, 1],
  [1, 50, 1],
  [50, 50, 1],
  [51, 50, 2],
  [100, 50, 2],
  [101, 50, 3],
  [3, 1, 3],
  [100_000, 50, 2000],
])('%i codes in pages of %i need %i requests', (total, pageSize, requests) => {
  expect(pageCount(total, pageSize)).toBe(requests);
});

describe('a list that stands still', () => {
  test.each([0, 1, 49, 50, 51, 99, 100, 101, 120])('of %i entries is proven whole', (count) => {
    for (const pageSize of [1, 7, 50]) {
      const result = prove(pagesOf(entries(count), pageSize), pageSize);
      if (result.kind !== 'complete') throw new Error(`the list is ${result.kind}`);
      const { codes, fromOnePage, provesAbsence } = result.snapshot;
      expect([...codes]).toEqual(entries(count).map(({ obsCode, obsCodeDesc }) => [obsCode, obsCodeDesc]));
      expect(fromOnePage).toBe(count <= pageSize);
      expect(provesAbsence).toBe(true);
    }
  });

  test('keeps null apart from the empty text', () => {
    const result = prove(pagesOf([entry('1', null), entry('2', '')], 50), 50);
    expect(result).toMatchObject({
      snapshot: {
        codes: new Map([
          ['1', null],
          ['2', ''],
        ]),
      },
    });
  });
});

describe('not a whole list', () => {
  const whole = pagesOf(entries(120), 50);
  const [first, second, third] = whole;
  if (!first || !second || !third) throw new Error('three pages belong here');
  const without = (page: Page, count = 1): Page => ({ ...page, rows: page.rows.slice(count) });

  test.each<[string, Page[], RegExp]>([
    ['no page at all', [], /0 pages were read where 1 belong/],
    ['a page missing at the end', [first, second], /2 pages were read where 3 belong/],
    ['a page too many', [first, second, third, third], /4 pages were read where 3 belong/],
    ['a short page in the middle', [first, without(second), third], /page 2 has 49 rows where 50 belong/],
    ['a short last page', [first, second, without(third)], /page 3 has 19 rows where 20 belong/],
    ['an empty last page', [first, second, without(third, 20)], /page 3 has 0 rows where 20 belong/],
    ['a page too long', [first, second, { ...third, rows: entries(50) }], /page 3 has 50 rows where 20/],
    ['another total later', [first, second, { ...third, total: 121 }], /stated 120 codes, page 3 121/],
    ['rows where there should be none', [{ total: 0, rows: entries(2) }], /page 1 has 2 rows where 0/],
    ['no rows where there should be some', [{ total: 5, rows: [] }], /page 1 has 0 rows where 5 belong/],
  ])('%s', (_, pages, reason) => {
    expect(prove(pages, 50)).toEqual({ kind: 'broken', reason: expect.stringMatching(reason) });
  });

  test('a first page shorter than asked for names the pageSize to configure', () => {
    const defect = pageDefect({ total: 120, rows: entries(20) }, 1, 50, 120);
    expect(defect).toMatch(/page 1 has 20 of 120 codes although 50 were asked for/);
    expect(defect).toMatch(/configure pageSize: 20/);
  });
});

describe('entries that come more than once', () => {
  const list = [...entries(6), entry('00002'), entry('00002'), entry('00005')];

  test('word for word are neither complete nor broken, and counted', () => {
    const { codes, repetitions } = repeatedOf(pagesOf(list, 4), 4);
    expect([...codes.keys()]).toEqual(entries(6).map(({ obsCode }) => obsCode));
    expect(repetitions).toEqual(
      new Map([
        ['00002', 2],
        ['00005', 1],
      ]),
    );
  });

  test('with two descriptions are a bad row, and both are named', () => {
    const pages = pagesOf([...entries(3), entry('00002', 'Another \u001b[31mtext.')], 2);
    expect(() => prove(pages, 2)).toThrow(
      expect.objectContaining({
        code: 'bad-row',
        message: expect.stringMatching(/"00002".*"Text of 00002\.".*"Another \\u001b\[31mtext\."/),
      }),
    );
  });

  test('a null and a text are two descriptions as well', () => {
    expect(() => prove(pagesOf([entry('7', null), entry('7', '')], 50), 50)).toThrow(/null and ""/);
  });

  test('are accepted where another page size gives the same, but prove no absence', () => {
    const snapshot = CompleteSnapshot.acceptRepeated(
      repeatedOf(pagesOf(list, 4), 4),
      repeatedOf(pagesOf(list.toReversed(), 3), 3),
    );
    expect(snapshot?.codes.size).toBe(6);
    expect(snapshot).toMatchObject({ fromOnePage: false, provesAbsence: false });
  });

  test.each([
    [50, 49],
    [list.length, list.length - 1],
  ])('prove absence where one of the reads came in one page (%i, %i)', (one, other) => {
    const snapshot = CompleteSnapshot.acceptRepeated(
      repeatedOf(pagesOf(list, one), one),
      repeatedOf(pagesOf(list, other), other),
    );
    expect(snapshot).toMatchObject({ fromOnePage: true, provesAbsence: true });
  });

  test.each([
    ['the page size is the same', list, 4],
    ['another entry is repeated', [...entries(6), entry('00002'), entry('00003'), entry('00005')], 3],
    ['an entry is repeated more often', [...list, entry('00005')], 3],
    ['an entry is missing', [...entries(5), entry('00002'), entry('00002'), entry('00005')], 3],
    ['a description differs', [entry('00001', 'New.'), ...list.slice(1)], 3],
  ])('are not accepted where %s', (_, other, pageSize) => {
    const one = repeatedOf(pagesOf(list, 4), 4);
    expect(
      CompleteSnapshot.acceptRepeated(one, repeatedOf(pagesOf(other, pageSize), pageSize)),
    ).toBeUndefined();
  });
});

test('two snapshots are equal whatever the order, and differ in one description', () => {
  const proven = (rows: ReturnType<typeof entries>) => {
    const result = prove(pagesOf(rows, 2), 2);
    if (result.kind !== 'complete') throw new Error(`the list is ${result.kind}`);
    return result.snapshot;
  };
  const list = [entry('1', null), entry('2'), entry('3')];
  expect(proven(list).equals(proven(list.toReversed()))).toBe(true);
  for (const other of [
    list.slice(1),
    [entry('1', ''), entry('2'), entry('3')],
    [entry('4', null), entry('2'), entry('3')],
  ]) {
    expect(proven(list).equals(proven(other))).toBe(false);
    expect(proven(other).equals(proven(list))).toBe(false);
  }
});
