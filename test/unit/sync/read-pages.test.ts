import { describe, expect, test } from 'vitest';
import type { Page } from '../../../src/domain/complete-snapshot.ts';
import { RetriableError, VdnError } from '../../../src/errors.ts';
import { entries, entry } from '../domain/pages.ts';
import { incomplete, pageOf, pagesAsked, read, readsMade } from './served-list.ts';

describe('the page behind a full last one', () => {
  const list = entries(4);
  const behind = (answer: () => Page | Promise<Page>, options = {}) =>
    read((asked) => (asked.behind ? answer() : pageOf(list, asked)), { pageSize: 2, ...options });
  const thrown = (error: Error) => () => Promise.reject(error);

  test.each<[string, () => Page | Promise<Page>]>([
    ['is empty, with any total', () => ({ total: 0, rows: [] })],
    ['is the last one once more', () => ({ total: 4, rows: list.slice(2) })],
    ['is a failure code', thrown(new VdnError('isales-error', 'parameter error'))],
    ...[400, 404, 500].map((status): [string, () => Promise<Page>] => [
      `is HTTP ${status}`,
      thrown(new VdnError('http-status', 'no', { status })),
    ]),
  ])('%s: the list ends there', async (_, answer) => {
    const { requests, result } = behind(answer);
    expect((await result).snapshot.codes.size).toBe(4);
    expect(pagesAsked(requests)).toEqual([1, 2, 3]);
  });

  test.each<[string, Page]>([
    ['another row', { total: 4, rows: [entry('00005')] }],
    ['the first page once more', { total: 4, rows: list.slice(0, 2) }],
    ['the last page in another order', { total: 4, rows: list.slice(2).toReversed() }],
    ['the last page with another description', { total: 4, rows: [entry('00003'), entry('00004', 'x')] }],
    ['the last page and more', { total: 4, rows: [...list.slice(2), entry('00005')] }],
    ['a part of the last page', { total: 4, rows: list.slice(3) }],
  ])('has %s: the read is broken', async (_, page) => {
    const { requests, result } = behind(() => page);
    await expect(result).rejects.toThrow(incomplete(/its total of 4 does not count what is listed: page 3/));
    expect(readsMade(requests)).toBe(3);
  });

  test.each([
    new VdnError('http-status', 'no', { status: 403 }),
    new VdnError('http-status', 'no'),
    new VdnError('forbidden', 'no', { status: 403 }),
    new VdnError('timeout', 'late'),
    new RetriableError('isales-error', '0200006'),
    new Error('a bug'),
  ])('fails with %s: so does the read', async (error) => {
    await expect(behind(thrown(error)).result).rejects.toBe(error);
  });
});
