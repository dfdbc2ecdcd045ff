import { z } from 'zod';
import { type ShortForm, shape } from './fault-kind.ts';
import type { ObsCodeRow } from './generated-list.ts';
import type { VdnList } from './lists.ts';
import { editsRemembered } from './lists.ts';

/** A page before it is cut out of the list: what faults may bend. */
export interface PageDraft {
  readonly list: readonly unknown[];
  readonly total: unknown;
  readonly pageNum: number;
  readonly pageSize: number;
  /** Rows left out at the end of the page. */
  readonly missing: number;
  /** What stands in the place of a page behind the end of the list, where it is not an empty list. */
  readonly behind?: BehindTheEnd;
}

/** What a fault may know of the request that it meets. */
export interface Asked {
  /** The list of a VDN in the request's language, as it was so many edits ago. */
  readonly listOf: (edits: number, vdnId?: number) => readonly ObsCodeRow[];
  /** How many requests have met this fault, this one included. */
  readonly number: number;
  /** What was answered at each address while this fault has been there; by VDN, page number and page size. */
  readonly answered: Map<string, PageDraft>;
  readonly vdnId: number;
}

const behindTheEnd = z.union([
  z.enum(['null', 'missing', 'failure', 'last-page']),
  z.union([z.literal(400), z.literal(404), z.literal(500)]),
]);
export type BehindTheEnd = z.output<typeof behindTheEnd>;

interface ListFault<S extends z.ZodType> {
  readonly shape: S;
  readonly short?: ShortForm;
  /** Changes the list for good before it is read. */
  readonly edit?: (fault: z.output<S>, list: VdnList) => void;
  /** Changes what the page shows. */
  readonly bend?: (fault: z.output<S>, draft: PageDraft, asked: Asked) => PageDraft;
}

const listFault = <S extends z.ZodType>(definition: ListFault<S>): ListFault<S> => definition;

const edits = z.int().min(1).max(editsRemembered).default(1);
const beforePage2 = { page: z.int().positive().default(2) };

/** Faults of lists and of pages: each with what can be told about it and what it does. */
export const listFaults = {
  /**
   * Before the page is answered the list really loses its first `by` entries, so that the next page starts
   * too late; a negative `by` puts new entries in front. Page 2 unless told otherwise.
   */
  shift: listFault({
    shape: shape('shift', { by: z.int().default(1), ...beforePage2 }),
    short: ['by', Number],
    edit: ({ by }, list) => {
      if (by >= 0) list.edit((codes) => codes.slice(by));
      for (let added = 0; added > by; added -= 1) list.add(unusedCode(list), 'Added while it was read.', 0);
    },
  }),
  /** As `shift` by 1, with a new entry at the end: every total stays right. */
  swap: listFault({
    shape: shape('swap', beforePage2),
    edit: (_, list) => {
      const added = unusedCode(list);
      list.edit((codes) => [
        ...codes.slice(1),
        { obsCode: added, obsCodeDesc: 'Swapped in while it was read.' },
      ]);
    },
  }),
  /** Before the page is answered the first entry gets another description and goes to the end, where it is read once more. */
  move: listFault({
    shape: shape('move', beforePage2),
    edit: (_, list) => {
      list.edit(([first, ...others]) =>
        first ? [...others, { ...first, obsCodeDesc: `Moved while it was read, ${unusedCode(list)}.` }] : [],
      );
    },
  }),
  /** Any JSON value as `totalCount`. */
  total: listFault({
    shape: shape('total', { total: z.unknown() }),
    short: ['total', JSON.parse],
    bend: ({ total }, draft) => ({ ...draft, total }),
  }),
  /** `totalCount` is that of the list as it was so many edits ago. */
  'lagging-total': listFault({
    shape: shape('lagging-total', { edits }),
    short: ['edits', Number],
    bend: ({ edits }, draft, { listOf }) => ({ ...draft, total: listOf(edits).length }),
  }),
  /** `totalCount` counts the rows of the page alone. */
  'page-total': listFault({
    shape: shape('page-total', {}),
    bend: (_, draft) => ({ ...draft, total: rowsOf(draft).length }),
  }),
  /** The page shows the rows of the page before it. */
  'repeat-page': listFault({
    shape: shape('repeat-page', {}),
    bend: (_, draft) => ({ ...draft, pageNum: Math.max(1, draft.pageNum - 1) }),
  }),
  /** Pages are never longer than this. */
  clamp: listFault({
    shape: shape('clamp', { pageSize: z.int().positive() }),
    short: ['pageSize', Number],
    bend: ({ pageSize }, draft) => ({ ...draft, pageSize: Math.min(pageSize, draft.pageSize) }),
  }),
  /** Behind the end of the list: `null` or `missing` for the list, a `failure` code, the `last-page` once more, an HTTP status. */
  behind: listFault({
    shape: shape('behind', { answer: behindTheEnd }),
    short: ['answer', (text) => (/^\d+$/.test(text) ? Number(text) : text)],
    bend: ({ answer }, draft) => ({ ...draft, behind: answer }),
  }),
  /** So many rows are missing at the end of the page. */
  'short-page': listFault({
    shape: shape('short-page', { missing: z.int().positive().default(1) }),
    short: ['missing', Number],
    bend: ({ missing }, draft) => ({ ...draft, missing }),
  }),
  /** The first `count` entries come twice in a row and count twice, the second time with `obsCodeDesc` where given. */
  'repeat-entries': listFault({
    shape: shape('repeat-entries', {
      count: z.int().positive().default(1),
      obsCodeDesc: z.string().optional(),
    }),
    short: ['count', Number],
    bend: ({ count, obsCodeDesc }, draft) => {
      const list = draft.list.flatMap((row, index) =>
        index < count ? [row, obsCodeDesc === undefined ? row : { ...Object(row), obsCodeDesc }] : [row],
      );
      return { ...draft, list, total: list.length };
    },
  }),
  /** The list consists of these JSON values, valid or not; paged and counted as usual. */
  rows: listFault({
    shape: shape('rows', { rows: z.array(z.unknown()) }),
    bend: ({ rows }, draft) => ({ ...draft, list: rows, total: rows.length }),
  }),
  /** Whichever VDN is asked for, the list is that of this one. */
  'one-list': listFault({
    shape: shape('one-list', { vdnId: z.int().min(1).max(9999) }),
    short: ['vdnId', Number],
    bend: ({ vdnId }, draft, { listOf }) => withList(draft, listOf(0, vdnId)),
  }),
  /** Two nodes, of which one is so many edits behind: it answers by turns, at random, or always at the same addresses. */
  nodes: listFault({
    shape: shape('nodes', { by: z.enum(['turns', 'random', 'address']), edits }),
    short: ['by', String],
    bend: ({ by, edits }, draft, { listOf, number }) => {
      const address = draft.pageNum * 64 + draft.pageSize;
      const behind = { turns: number % 2 === 0, random: oneOfTwo(number), address: oneOfTwo(address) }[by];
      return behind ? withList(draft, listOf(edits)) : draft;
    },
  }),
  /** What was answered once at an address is answered there for as long as the fault is there. */
  cache: listFault({
    shape: shape('cache', {}),
    bend: (_, draft, { answered, vdnId }) => {
      const address = `${vdnId} ${draft.pageNum} ${draft.pageSize}`;
      const first = answered.get(address) ?? draft;
      answered.set(address, first);
      return first;
    },
  }),
};

type ListKind = keyof typeof listFaults;
type ListFaultOf<K extends ListKind> = {
  [P in K]: z.output<(typeof listFaults)[P]['shape']> & { kind: P };
}[K];
type Effects = { readonly [K in ListKind]: Pick<ListFault<z.ZodType<ListFaultOf<K>>>, 'edit' | 'bend'> };
const effects: Effects = listFaults;

export type AnyListFault = ListFaultOf<ListKind>;

export function isListFault(fault: { readonly kind: string }): fault is AnyListFault {
  return Object.hasOwn(listFaults, fault.kind);
}

export function editForFault<K extends ListKind>(fault: ListFaultOf<K>, list: VdnList): void {
  const { edit }: Effects[K] = effects[fault.kind];
  edit?.(fault, list);
}

export function bendPage<K extends ListKind>(
  fault: ListFaultOf<K>,
  draft: PageDraft,
  asked: Asked,
): PageDraft {
  const { bend }: Effects[K] = effects[fault.kind];
  return bend?.(fault, draft, asked) ?? draft;
}

/** The rows that a page shows. */
export function rowsOf({ list, pageNum, pageSize, missing }: PageDraft): readonly unknown[] {
  const rows = list.slice((pageNum - 1) * pageSize, pageNum * pageSize);
  return rows.slice(0, Math.max(0, rows.length - missing));
}

function withList(draft: PageDraft, list: readonly unknown[]): PageDraft {
  return { ...draft, list, total: list.length };
}

/** The same for the same number, and without a pattern: no test depends on luck. */
function oneOfTwo(number: number): boolean {
  return ((Math.imul(number, 2_654_435_761) >>> 16) & 1) === 1;
}

/** A code that the list does not have, far from the generated ones. */
function unusedCode(list: VdnList): string {
  const taken = new Set(list.codes().map(({ obsCode }) => obsCode));
  for (let number = 90_000; ; number += 1) {
    if (!taken.has(String(number))) return String(number);
  }
}
