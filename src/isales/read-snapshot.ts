import {
  CompleteSnapshot,
  type Page,
  pageCount,
  pageDefect,
  type ReadResult,
  type RepeatedEntries,
} from '../domain/complete-snapshot.ts';
import type { Difference } from '../domain/diff.ts';
import { VdnError } from '../errors.ts';

/** Reads of one list in one run, the confirming one included. */
const mostReads = 3;

type FetchPage = (pageNum: number, pageSize: number, signal: AbortSignal) => Promise<Page>;

interface ReadOptions {
  readonly fetchPage: FetchPage;
  readonly pageSize: number;
  readonly signal: AbortSignal;
  /** Compares a list with what is stored. */
  readonly compare: (snapshot: CompleteSnapshot) => Promise<Difference>;
}

/** A proven list, and how it differs from what was stored when it was compared. */
export interface ComparedSnapshot {
  readonly snapshot: CompleteSnapshot;
  readonly difference: Difference;
}

/**
 * Reads a VDN's whole list and proves it.
 *
 * A list of several pages that loses codes is taken only when two reads in a row gave the same. Why two are
 * enough: let a code X be in the list all the time and missing from both reads. Each read has as many codes as
 * the list had entries at the moment between them, X among those; so one of the codes read was not in the list
 * at that moment, though it was before and after. Only a code that was deleted and put back can do that.
 *
 * @throws VdnError `incomplete-snapshot` where three reads gave no proof; `bad-row`; what a page's request met
 */
export async function readSnapshot(options: ReadOptions): Promise<ComparedSnapshot> {
  let unconfirmed: ComparedSnapshot | undefined;
  let repeated: RepeatedEntries | undefined;
  let reason = '';
  for (let read = 1; read <= mostReads; read++) {
    const pageSize =
      repeated?.pageSize === options.pageSize ? otherPageSize(options.pageSize) : options.pageSize;
    const result = await readOnce(options, pageSize);
    const snapshot = judge(result, repeated);
    repeated = result.kind === 'repeated' ? result.entries : undefined;
    if (snapshot === undefined) {
      unconfirmed = undefined;
      reason = reasonOf(result);
      continue;
    }
    if (unconfirmed?.snapshot.equals(snapshot)) return unconfirmed;
    const compared = { snapshot, difference: await options.compare(snapshot) };
    if (!compared.difference.changes.some(({ kind }) => kind === 'removed')) return compared;
    if (!snapshot.provesAbsence) {
      reason =
        'it names entries more than once, so that its total cannot show that the codes missing from it are gone; ' +
        'have the repeated entries removed at the source';
      break;
    }
    if (snapshot.fromOnePage) return compared;
    reason = 'codes are missing from it, and no two reads in a row gave the same list';
    unconfirmed = compared;
  }
  throw new VdnError(
    'incomplete-snapshot',
    `the list could not be read whole: ${reason}. Nothing was changed.`,
  );
}

function judge(result: ReadResult, before: RepeatedEntries | undefined): CompleteSnapshot | undefined {
  if (result.kind === 'complete') return result.snapshot;
  if (result.kind === 'repeated' && before) return CompleteSnapshot.acceptRepeated(before, result.entries);
  return undefined;
}

function reasonOf(result: ReadResult): string {
  if (result.kind === 'broken') return result.reason;
  return 'entries came more than once, and not the same ones with another page size; if it stays so, ask the operator of the server';
}

/** Another size moves the borders between pages, so that what only moved across one shows. */
function otherPageSize(pageSize: number): number {
  return pageSize > 1 ? pageSize - 1 : 2;
}

/** One read: page 1, then as many as its total says, all at once; a page that shows a defect stops the rest. */
async function readOnce({ fetchPage, signal }: ReadOptions, pageSize: number): Promise<ReadResult> {
  const first = await fetchPage(1, pageSize, signal);
  const firstDefect = pageDefect(first, 1, pageSize, first.total);
  if (firstDefect !== undefined) return { kind: 'broken', reason: firstDefect };

  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const rest = Array.from({ length: pageCount(first.total, pageSize) - 1 }, (_, index) => index + 2);
  let defect: string | undefined;
  const readRest = rest.map(async (pageNum) => {
    const page = await fetchPage(pageNum, pageSize, either);
    defect ??= pageDefect(page, pageNum, pageSize, first.total);
    if (defect !== undefined) stop.abort();
    return page;
  });
  try {
    const pages = await Promise.all(readRest);
    return CompleteSnapshot.prove([first, ...pages], pageSize);
  } catch (error) {
    stop.abort();
    // No request of this read may still be under way when the next one starts.
    await Promise.allSettled(readRest);
    signal.throwIfAborted();
    if (defect !== undefined) return { kind: 'broken', reason: defect };
    throw error;
  }
}
