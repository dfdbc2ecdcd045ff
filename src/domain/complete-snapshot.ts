import { createHash } from 'node:crypto';
import type { CodeList } from './diff.ts';
import type { ResultCode } from './result-code.ts';

/** One page as the server answered it, its rows already validated. */
export interface Page {
  /** `totalCount`: number of codes over all pages, as this page states it. */
  readonly total: number;
  readonly rows: readonly ResultCode[];
}

/**
 * What one read of the whole list came to.
 *
 * - `complete`: proven whole, every code once; or ambiguous, and confirmed by the read before.
 * - `ambiguous`: every count is right, but codes came more than once. That is either the source's own doing or a list
 *   that moved while it was read; another page size tells.
 * - `conflicting`: the same where a code came with several descriptions, and that is not allowed.
 * - `broken`: not a whole list; `reason` completes the sentence "the list could not be read whole: …".
 */
export type ReadResult =
  | { readonly kind: 'complete'; readonly list: CountedList; readonly snapshot: CompleteSnapshot }
  | { readonly kind: 'ambiguous' | 'conflicting'; readonly list: CountedList }
  | { readonly kind: 'broken'; readonly reason: string };

/** A read that has as many entries as every page stated, right or not. */
export interface CountedList extends CodeList {
  /** SHA-256 over all entries in an order of their own: equal where the entries are the same, each as often. */
  readonly digest: string;
  readonly entries: number;
  /** It came in one answer, hence from one instant: nothing can have moved between pages. */
  readonly fromOnePage: boolean;
  /** Entries came more than once, word for word. */
  readonly repeated: boolean;
  /** The descriptions of each code that came with more than one. */
  readonly conflicts: ReadonlyMap<string, readonly (string | null)[]>;
}

/** What to do about a code that the source lists with several descriptions; `sources[].conflictingDescriptions`. */
export type ConflictingDescriptions = 'fail' | 'join';

/** Number of requests that a list needs: `max(1, ceil(total / pageSize))`. */
export function pageCount(total: number, pageSize: number): number {
  return Math.max(1, Math.ceil(total / pageSize));
}

/**
 * Why one page shows that its read is broken, or undefined. Asked of each page as it arrives, so that a
 * broken read costs no further request.
 *
 * @param pageNum counted from 1
 * @param expectedTotal what page 1 stated
 */
export function pageDefect(
  page: Page,
  pageNum: number,
  pageSize: number,
  expectedTotal: number,
): string | undefined {
  if (page.total !== expectedTotal) {
    return `page 1 stated ${expectedTotal} codes, page ${pageNum} ${page.total}; the list changes while it is read`;
  }
  const expectedRows = Math.min(pageSize, expectedTotal - (pageNum - 1) * pageSize);
  if (page.rows.length === expectedRows) return undefined;
  if (pageNum === 1 && page.rows.length > 0 && page.rows.length < expectedRows) {
    return (
      `page 1 has ${page.rows.length} of ${expectedTotal} codes although ${pageSize} were asked for; where the server ` +
      `gives no more rows a page than that, configure pageSize: ${page.rows.length} for this source`
    );
  }
  return `page ${pageNum} has ${page.rows.length} rows where ${expectedRows} belong (${expectedTotal} codes in all)`;
}

/**
 * A VDN's code list, proven whole. It can be made in one way only, from pages that passed every check, so
 * that a function which asks for one cannot be given anything less.
 */
export class CompleteSnapshot implements CodeList {
  // Private, so that no other object has this type.
  readonly #codes: CodeList['codes'];

  private constructor({ codes }: CodeList) {
    this.#codes = codes;
  }

  get codes(): CodeList['codes'] {
    return this.#codes;
  }

  /**
   * Judges the pages of one read.
   *
   * @param pages all pages in order, as asked for with `pageSize`
   * @param confirming digest of the read before this one, made with another page size; where it had the very same
   *   entries, codes that come more than once are believed
   */
  static prove(
    pages: readonly Page[],
    pageSize: number,
    policy: ConflictingDescriptions = 'fail',
    confirming?: string,
  ): ReadResult {
    const total = pages[0]?.total ?? -1;
    if (pages.length !== pageCount(total, pageSize)) {
      return {
        kind: 'broken',
        reason: `${pages.length} pages were read where ${pageCount(total, pageSize)} belong`,
      };
    }
    for (const [index, page] of pages.entries()) {
      const reason = pageDefect(page, index + 1, pageSize, total);
      if (reason !== undefined) return { kind: 'broken', reason };
    }
    const list = countedList(pages);
    const { conflicts, repeated } = list;
    if (conflicts.size > 0 && policy === 'fail') return { kind: 'conflicting', list };
    if ((repeated || conflicts.size > 0) && list.digest !== confirming) return { kind: 'ambiguous', list };
    return { kind: 'complete', list, snapshot: new CompleteSnapshot(list) };
  }
}

/** Whether both pages have the same rows in the same order. */
export function sameRows(one: readonly ResultCode[], other: readonly ResultCode[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ obsCode, obsCodeDesc }, index) => {
      const row = other[index];
      return obsCode === row?.obsCode && obsCodeDesc === row.obsCodeDesc;
    })
  );
}

function countedList(pages: readonly Page[]): CountedList {
  const rows = pages.flatMap((page) => page.rows);
  const codes = new Map<string, ResultCode>();
  const texts = new Map<string, Set<string | null>>();
  let repeated = false;
  for (const row of rows) {
    const { obsCode, obsCodeDesc } = row;
    const known = codes.get(obsCode);
    if (known === undefined) {
      codes.set(obsCode, row);
      continue;
    }
    const descriptions = texts.get(obsCode) ?? new Set([known.obsCodeDesc]);
    if (descriptions.has(obsCodeDesc)) repeated = true;
    texts.set(obsCode, descriptions.add(obsCodeDesc));
  }
  const conflicts = new Map<string, (string | null)[]>();
  for (const [obsCode, descriptions] of texts) {
    if (descriptions.size === 1) continue;
    const sorted = [...descriptions].sort(byText);
    conflicts.set(obsCode, sorted);
    codes.set(obsCode, { obsCode, obsCodeDesc: sorted.filter((text) => text !== null).join(' / ') });
  }
  return {
    ...{ codes, entries: rows.length, fromOnePage: pages.length === 1, repeated, conflicts },
    // Asked for where another read is needed, which is seldom.
    get digest() {
      return digestOf(rows);
    },
  };
}

/** By UTF-16 units, so that the order is the same on every machine; null first. */
function byText(one: string | null, other: string | null): number {
  if (one === null || other === null) return one === null ? -1 : 1;
  return one < other ? -1 : 1;
}

function digestOf(rows: readonly ResultCode[]): string {
  const hash = createHash('sha256');
  const entries = rows.map(({ obsCode, obsCodeDesc }) => JSON.stringify([obsCode, obsCodeDesc]));
  for (const entry of entries.sort()) hash.update(`${entry}\n`);
  return hash.digest('base64');
}
