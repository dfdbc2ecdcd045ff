import { describe, expect, test } from 'vitest';
import {
  CompleteSnapshot,
  type Page,
  pageCount,
  pageDefect,
  type ReadResult,
} from '../../../src/domain/complete-snapshot.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { entries, entry, pagesOf } from './pages.ts';

const prove = CompleteSnapshot.prove;

function listOf(result: ReadResult, kind: ReadResult['kind']) {
  if (result.kind === 'broken' || result.kind !== kind) throw new Error(`the list is ${result.kind}`);
  return result.list;
}
const ambiguous = (rows: readonly ResultCode[], pageSize: number) =>
  listOf(prove(pagesOf(rows, pageSize), pageSize, 'join'), 'ambiguous');

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
      expect([...result.snapshot.codes]).toEqual(entries(count).map((row) => [row.obsCode, row]));
      expect(result.list).toMatchObject({ entries: count, fromOnePage: count <= pageSize, repeated: false });
    }
  });

  test('keeps null apart from the empty text', () => {
    const result = prove(pagesOf([entry('1', null), entry('2', '')], 50), 50);
    expect([...listOf(result, 'complete').codes.values()]).toEqual([entry('1', null), entry('2', '')]);
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

describe('codes that come more than once', () => {
  const list = [...entries(6), entry('00002'), entry('00002'), entry('00005')];

  test('word for word are neither complete nor broken', () => {
    const { codes, entries: count, repeated, conflicts } = ambiguous(list, 4);
    expect([...codes.values()]).toEqual(entries(6));
    expect({ count, repeated, conflicts }).toEqual({ count: 9, repeated: true, conflicts: new Map() });
  });

  test('with several descriptions are conflicting, and all of them are named', () => {
    const rows = [...entries(3), entry('00002', 'Another text.'), entry('00002', null)];
    const { conflicts, repeated } = listOf(prove(pagesOf(rows, 2), 2), 'conflicting');
    expect(conflicts).toEqual(new Map([['00002', [null, 'Another text.', 'Text of 00002.']]]));
    expect(repeated).toBe(false);
  });

  test('a null and a text are two descriptions as well', () => {
    const result = prove(pagesOf([entry('7', null), entry('7', '')], 50), 50);
    expect(listOf(result, 'conflicting').conflicts).toEqual(new Map([['7', [null, '']]]));
  });

  test('where descriptions are joined, are ambiguous and have one text, in any order', () => {
    const rows = [entry('1', 'b'), entry('2', 'x'), entry('1', 'a')];
    for (const inOrder of [rows, rows.toReversed()]) {
      expect(ambiguous(inOrder, 2).codes.get('1')).toEqual(entry('1', 'a / b'));
    }
  });

  test('are accepted where the read before had the same', () => {
    const confirming = ambiguous(list, 4).digest;
    const result = prove(pagesOf(list.toReversed(), 3), 3, 'fail', confirming);
    expect(listOf(result, 'complete').codes.size).toBe(6);
  });

  test.each([
    ['another entry is repeated', [...entries(6), entry('00002'), entry('00003'), entry('00005')]],
    ['an entry is repeated more often', [...list, entry('00005')]],
    ['an entry is missing', [...entries(5), entry('00002'), entry('00002'), entry('00005')]],
    ['a description differs', [entry('00001', 'New.'), ...list.slice(1)]],
  ])('are not accepted where %s', (_, other) => {
    const result = prove(pagesOf(other, 3), 3, 'join', ambiguous(list, 4).digest);
    expect(result.kind).toBe('ambiguous');
  });

  test('thousands of descriptions of one code take no time', () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => entry('1', `Text ${index}.`));
    const { conflicts } = listOf(prove([{ total: rows.length, rows }], rows.length), 'conflicting');
    expect(conflicts.get('1')).toHaveLength(100_000);
  });
});

test('the digest is the same in any order, and another for one description', () => {
  const digest = (rows: readonly ResultCode[]) => listOf(prove(pagesOf(rows, 2), 2), 'complete').digest;
  const list = [entry('1', null), entry('2'), entry('3')];
  expect(digest(list)).toBe(digest(list.toReversed()));
  for (const other of [
    list.slice(1),
    [entry('1', ''), entry('2'), entry('3')],
    [entry('4', null), entry('2'), entry('3')],
  ]) {
    expect(digest(other)).not.toBe(digest(list));
  }
});
