import { type Page, pageCount, pageDefect, sameRows } from '../domain/complete-snapshot.ts';
import { RetriableError, VdnError } from '../errors.ts';

export interface PageAsk {
  readonly signal: AbortSignal;
  /** The page is behind a full last one: an error that says "no such page" is the expected answer. */
  readonly behind?: true;
}

/** @param pageNum counted from 1 */
export type FetchPage = (pageNum: number, pageSize: number, ask: PageAsk) => Promise<Page>;

/** All pages of a list, or why there is no whole list: it completes "the list could not be read whole: …". */
type PagesRead = { readonly pages: readonly Page[] } | { readonly defect: string };

/**
 * One read of a whole list: page 1, then as many as its total says, all at once; a page that shows a defect stops the
 * rest. Where the last page is full, the page behind it is asked for too: a total that lags, or that counts one page
 * alone, shows nowhere else.
 *
 * @throws what a page's request met
 */
export async function readPages(
  fetchPage: FetchPage,
  pageSize: number,
  signal: AbortSignal,
): Promise<PagesRead> {
  const first = await fetchPage(1, pageSize, { signal });
  const firstDefect = pageDefect(first, 1, pageSize, first.total);
  if (firstDefect !== undefined) return { defect: firstDefect };

  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const rest = Array.from({ length: pageCount(first.total, pageSize) - 1 }, (_, index) => index + 2);
  let defect: string | undefined;
  const readRest = rest.map(async (pageNum) => {
    const page = await fetchPage(pageNum, pageSize, { signal: either });
    defect ??= pageDefect(page, pageNum, pageSize, first.total);
    if (defect !== undefined) stop.abort();
    return page;
  });
  let pages: Page[];
  try {
    pages = [first, ...(await Promise.all(readRest))];
  } catch (error) {
    stop.abort();
    // No request of this read may still be under way when the next one starts.
    await Promise.allSettled(readRest);
    signal.throwIfAborted();
    if (defect !== undefined) return { defect };
    throw error;
  }
  const beyond = await defectBeyond(fetchPage, pages, pageSize, signal);
  return beyond === undefined ? { pages } : { defect: beyond };
}

/**
 * What is wrong with the page behind a full last one; undefined where nothing is, or where the last one is not full.
 */
async function defectBeyond(
  fetchPage: FetchPage,
  pages: readonly Page[],
  pageSize: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const last = pages.at(-1);
  if (last === undefined || last.rows.length < pageSize) return undefined;
  const pageNum = pages.length + 1;
  try {
    const { rows } = await fetchPage(pageNum, pageSize, { signal, behind: true });
    // Servers that clamp the page number answer with the last page once more (interface, "Manners").
    if (rows.length === 0 || sameRows(rows, last.rows)) return undefined;
    return (
      `its total of ${last.total} does not count what is listed: page ${pageNum}, which would be behind the end, has ` +
      `${rows.length} rows; where it stays so, have the total corrected at the source`
    );
  } catch (error) {
    if (saysNoSuchPage(error)) return undefined;
    throw error;
  }
}

/** A failure code or a status that says "no such page", not one that a retry may overcome. */
function saysNoSuchPage(error: unknown): boolean {
  if (!(error instanceof VdnError)) return false;
  if (error.code === 'isales-error') return !(error instanceof RetriableError);
  return error.code === 'http-status' && [400, 404, 500].includes(error.status ?? 0);
}
