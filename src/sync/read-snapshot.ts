import { isDeepStrictEqual } from 'node:util';
import {
  CompleteSnapshot,
  type ConflictingDescriptions,
  type CountedList,
} from '../domain/complete-snapshot.ts';
import { type CodeList, countChanges, type Difference } from '../domain/diff.ts';
import { quote } from '../domain/quote.ts';
import { VdnError } from '../errors.ts';
import { type FetchPage, readPages } from './read-pages.ts';

/** Reads of one list in one run, the confirming ones included. */
const mostReads = 3;

/** What a list seems to have lost, before a further read has confirmed it. */
export interface Losses {
  readonly removed: number;
  /** Active codes before, as in `Difference`. */
  readonly activeBefore: number;
}

interface ReadOptions {
  readonly fetchPage: FetchPage;
  readonly pageSize: number;
  readonly signal: AbortSignal;
  /** Compares a list with what is stored; asked again after each read, since nothing but a digest is kept in between. */
  readonly compare: (list: CodeList) => Difference | Promise<Difference>;
  /**
   * Called once, where a list loses codes, before it is read again. The later it resolves, the more likely a cache or
   * a lagging node has caught up. What it throws ends the reading.
   */
  readonly beforeConfirming?: (losses: Losses) => Promise<void>;
  readonly conflictingDescriptions?: ConflictingDescriptions;
}

/** A proven list, and how it differs from what was stored when it was compared. */
export interface ComparedSnapshot {
  readonly snapshot: CompleteSnapshot;
  readonly difference: Difference;
}

type Conflicts = CountedList['conflicts'];

/** All that is kept of a read that needs another one: thousands of VDNs may wait for theirs at the same time. */
interface Unconfirmed extends Pick<CountedList, 'digest' | 'entries' | 'fromOnePage'> {
  readonly pageSize: number;
  readonly losses?: Losses;
  /** Those that fail the VDN where the next read has them too. */
  readonly conflicts?: Conflicts;
}

type Step = ComparedSnapshot | { readonly unconfirmed: Unconfirmed | undefined; readonly reason: string };

/**
 * Reads a VDN's whole list and proves it.
 *
 * A list that loses codes is taken only when two reads in a row, with different page sizes, gave the same. Why two
 * are enough: let a code X be in the list all the time and missing from both reads. Each read has as many entries as
 * the list had at the moment between them, X among those; so one of the entries read was not in the list at that
 * moment, though it was before and after. Only an entry that was deleted and put back can do that. Other page sizes
 * do for servers what this does for edits: a cache, a node that lags or a total that lags can hardly hide the same
 * code twice behind other borders and other addresses.
 *
 * @throws VdnError `incomplete-snapshot` where three reads gave no proof; `bad-row`; what a page's request met
 */
export async function readSnapshot(options: ReadOptions): Promise<ComparedSnapshot> {
  let unconfirmed: Unconfirmed | undefined;
  let reason = '';
  let waited = false;
  for (let read = 1; read <= mostReads; read++) {
    const step = await readStep(options, unconfirmed);
    if ('snapshot' in step) return step;
    ({ unconfirmed, reason } = step);
    if (unconfirmed?.losses && !waited && read < mostReads) {
      waited = true;
      await options.beforeConfirming?.(unconfirmed.losses);
    }
  }
  throw notWhole(reason);
}

/** One read, judged together with the one before it, if there was one. */
async function readStep(options: ReadOptions, before: Unconfirmed | undefined): Promise<Step> {
  const { fetchPage, signal, compare, conflictingDescriptions } = options;
  const pageSize =
    before?.pageSize === options.pageSize
      ? confirmingPageSize(options.pageSize, before.entries)
      : options.pageSize;
  const read = await readPages(fetchPage, pageSize, signal);
  if ('defect' in read) return { unconfirmed: undefined, reason: read.defect };
  const result = CompleteSnapshot.prove(read.pages, pageSize, conflictingDescriptions, before?.digest);
  if (result.kind === 'broken') return { unconfirmed: undefined, reason: result.reason };
  const { list } = result;
  if (result.kind === 'conflicting') return conflicting(list, pageSize, before?.conflicts);

  const difference = await compare(list);
  const { removed } = countChanges(difference.changes);
  if (result.kind === 'complete' && removed === 0) return { snapshot: result.snapshot, difference };
  // Only where it is needed: the digest of a list costs more than comparing it.
  const unconfirmed = summaryOf(list, pageSize);
  if (result.kind === 'complete' && before?.digest === unconfirmed.digest) {
    // A repetition can take the place of a live code and leave every total right, unless it came in one answer.
    if (list.repeated && !list.fromOnePage && !before.fromOnePage) throw notWhole(repetitionsHide);
    return { snapshot: result.snapshot, difference };
  }
  return {
    unconfirmed:
      removed === 0
        ? unconfirmed
        : { ...unconfirmed, losses: { removed, activeBefore: difference.activeBefore } },
    reason: result.kind === 'complete' ? noTwoAgree : repeatedOtherwise,
  };
}

/** @throws VdnError `bad-row` where the read before had one of these conflicts too: then no row has moved */
function conflicting(list: CountedList, pageSize: number, before: Conflicts = new Map()): Step {
  const { conflicts } = list;
  const lasting = [...conflicts].find(([obsCode, texts]) => isDeepStrictEqual(before.get(obsCode), texts));
  if (lasting) throw new VdnError('bad-row', `${inWords(lasting)}. ${conflictAdvice}`);
  const reason = [...conflicts].slice(0, 1).map(inWords).join();
  return {
    unconfirmed: { ...summaryOf(list, pageSize), conflicts },
    reason: `${reason}, different from those in the read before`,
  };
}

function summaryOf({ digest, entries, fromOnePage }: CountedList, pageSize: number): Unconfirmed {
  return { digest, entries, fromOnePage, pageSize };
}

/**
 * A smaller size, since a server may clamp a larger one; and one that leaves the last page not full where there is
 * one, since a server that clamps by a total that lags hides behind a full last page.
 */
function confirmingPageSize(pageSize: number, entries: number): number {
  for (let smaller = pageSize - 1; smaller > 0; smaller--) {
    if (entries % smaller !== 0) return smaller;
  }
  return pageSize > 1 ? pageSize - 1 : 2;
}

const noTwoAgree = 'codes are missing from it, and no two reads in a row gave the same list';
const repeatedOtherwise =
  'entries came more than once, and not the same ones with another page size; if it stays so, ask the operator of the server';
const repetitionsHide =
  'it lists entries more than once, so its total cannot prove that the missing codes were removed; ' +
  'have the repeated entries removed at the source';
const conflictAdvice =
  'Have the list corrected at the source, or set conflictingDescriptions: join for it to keep both texts.';

function inWords([obsCode, texts]: readonly [string, readonly (string | null)[]]): string {
  const quoted = texts.map((text) => (text === null ? 'null' : quote(text)));
  const shown = quoted.length > 3 ? [...quoted.slice(0, 3), `${quoted.length - 3} more`] : quoted;
  const count = texts.length === 2 ? 'two' : texts.length;
  return `code ${quote(obsCode)} came with ${count} descriptions, ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

function notWhole(reason: string): VdnError {
  return new VdnError(
    'incomplete-snapshot',
    `the list could not be read whole: ${reason}. Nothing was changed.`,
  );
}
