import { VdnError } from '../errors.ts';
import { quote } from './quote.ts';
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
 * - `complete`: proven whole.
 * - `repeated`: every count is right, but entries came more than once, word for word. That is either the
 *   source's own doing or a list that moved while it was read; another page size tells (see `acceptRepeated`).
 * - `broken`: not a whole list; `reason` completes the sentence "the list could not be read whole: …".
 */
export type ReadResult =
  | { readonly kind: 'complete'; readonly snapshot: CompleteSnapshot }
  | { readonly kind: 'repeated'; readonly entries: RepeatedEntries }
  | { readonly kind: 'broken'; readonly reason: string };

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
export class CompleteSnapshot {
  readonly codes: ReadonlyMap<string, string | null>;
  /** The list came in one answer, hence from one instant: nothing can have moved between pages. */
  readonly fromOnePage: boolean;
  /**
   * Whether what is missing from it may count as removed. Not so for a list of several pages with repeated
   * entries: a repetition can take the place of a live code and leave every total right.
   */
  readonly provesAbsence: boolean;

  private constructor(
    codes: ReadonlyMap<string, string | null>,
    fromOnePage: boolean,
    provesAbsence: boolean,
  ) {
    this.codes = codes;
    this.fromOnePage = fromOnePage;
    this.provesAbsence = provesAbsence;
  }

  /**
   * Judges the pages of one read.
   *
   * @param pages all pages in order, as asked for with `pageSize`
   * @throws VdnError `bad-row` where one code has two descriptions
   */
  static prove(pages: readonly Page[], pageSize: number): ReadResult {
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
    const { codes, repetitions } = collect(pages);
    const fromOnePage = pages.length === 1;
    if (repetitions.size === 0) {
      return { kind: 'complete', snapshot: new CompleteSnapshot(codes, fromOnePage, true) };
    }
    return { kind: 'repeated', entries: { codes, repetitions, pageSize, fromOnePage } };
  }

  /**
   * Accepts a list that names entries more than once, where two reads in a row with different page sizes
   * gave the same entries, each as often. Undefined where they did not.
   */
  static acceptRepeated(one: RepeatedEntries, other: RepeatedEntries): CompleteSnapshot | undefined {
    if (one.pageSize === other.pageSize) return undefined;
    if (!sameMap(one.codes, other.codes) || !sameMap(one.repetitions, other.repetitions)) return undefined;
    // The codes are the same, so one read that came in one answer vouches for both.
    const fromOnePage = one.fromOnePage || other.fromOnePage;
    return new CompleteSnapshot(one.codes, fromOnePage, fromOnePage);
  }

  /** Whether both hold the same codes with the same descriptions, in whatever order. */
  equals(other: CompleteSnapshot): boolean {
    return sameMap(this.codes, other.codes);
  }
}

/** A read whose counts are right while entries came more than once. */
export interface RepeatedEntries {
  readonly codes: ReadonlyMap<string, string | null>;
  /** How often a code came beyond the first time. */
  readonly repetitions: ReadonlyMap<string, number>;
  readonly pageSize: number;
  readonly fromOnePage: boolean;
}

function collect(pages: readonly Page[]) {
  const codes = new Map<string, string | null>();
  const repetitions = new Map<string, number>();
  for (const { obsCode, obsCodeDesc } of pages.flatMap((page) => page.rows)) {
    const known = codes.get(obsCode);
    if (known === undefined) {
      codes.set(obsCode, obsCodeDesc);
    } else if (known === obsCodeDesc) {
      repetitions.set(obsCode, (repetitions.get(obsCode) ?? 0) + 1);
    } else {
      throw new VdnError(
        'bad-row',
        `code ${quote(obsCode)} came with two descriptions, ${quoteOrNull(known)} and ` +
          `${quoteOrNull(obsCodeDesc)}. Have the list put right at the source.`,
      );
    }
  }
  return { codes, repetitions };
}

function sameMap<V>(one: ReadonlyMap<string, V>, other: ReadonlyMap<string, V>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of one) {
    if (other.get(key) !== value || !other.has(key)) return false;
  }
  return true;
}

function quoteOrNull(text: string | null): string {
  return text === null ? 'null' : quote(text);
}
