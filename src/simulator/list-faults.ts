import { z } from 'zod';
import { fault, type PageDraft } from './fault-kind.ts';
import { editsRemembered, type VdnList } from './lists.ts';

const edits = z.int().min(1).max(editsRemembered).default(1);
const beforePage2 = { page: z.int().positive().default(2) };

/** Faults of lists and of pages. */
export const listFaults = [
  /**
   * Before the page is answered the list really loses its first `by` entries, so that the next page starts
   * too late; a negative `by` puts new entries in front. Page 2 unless told otherwise.
   */
  fault(
    'shift',
    { by: z.int().default(1), ...beforePage2 },
    ({ by }) => ({
      edit: (list) => {
        if (by >= 0) list.edit((codes) => codes.slice(by));
        for (let added = 0; added > by; added -= 1) list.add(unusedCode(list), 'Added while it was read.', 0);
      },
    }),
    ['by', Number],
  ),
  /** As `shift` by 1, with a new entry at the end: every total stays right. */
  fault('swap', beforePage2, () => ({
    edit: (list) => {
      const added = unusedCode(list);
      list.edit((codes) => [
        ...codes.slice(1),
        { obsCode: added, obsCodeDesc: 'Swapped in while it was read.' },
      ]);
    },
  })),
  /** Before the page is answered the first entry gets another description and goes to the end, where it is read once more. */
  fault('move', beforePage2, () => ({
    edit: (list) => {
      list.edit(([first, ...others]) =>
        first ? [...others, { ...first, obsCodeDesc: `Moved while it was read, ${unusedCode(list)}.` }] : [],
      );
    },
  })),
  /** Any JSON value as `totalCount`. */
  fault('total', { total: z.unknown() }, ({ total }) => ({ bend: (draft) => ({ ...draft, total }) }), [
    'total',
    JSON.parse,
  ]),
  /** `totalCount` is that of the list as it was so many edits ago. */
  fault(
    'lagging-total',
    { edits },
    ({ edits }) => ({ bend: (draft, { listOf }) => ({ ...draft, total: listOf(edits).length }) }),
    ['edits', Number],
  ),
  /** `totalCount` counts the rows of the page alone. */
  fault('page-total', {}, () => ({ bend: (draft) => ({ ...draft, total: rowsOf(draft).length }) })),
  /** The page shows the rows of the page before it. */
  fault('repeat-page', {}, () => ({
    bend: (draft) => ({ ...draft, pageNum: Math.max(1, draft.pageNum - 1) }),
  })),
  /** Pages are never longer than this. */
  fault(
    'clamp',
    { pageSize: z.int().positive() },
    ({ pageSize }) => ({ bend: (draft) => ({ ...draft, pageSize: Math.min(pageSize, draft.pageSize) }) }),
    ['pageSize', Number],
  ),
  /** Behind the end of the list: `null` or `missing` for the list, a `failure` code, the `last-page` once more, an HTTP status. */
  fault(
    'behind',
    {
      answer: z.union([
        z.enum(['null', 'missing', 'failure', 'last-page']),
        z.union([z.literal(400), z.literal(404), z.literal(500)]),
      ]),
    },
    ({ answer }) => ({ bend: (draft) => ({ ...draft, behind: answer }) }),
    ['answer', (text) => (/^\d+$/.test(text) ? Number(text) : text)],
  ),
  /** So many rows are missing at the end of the page. */
  fault(
    'short-page',
    { missing: z.int().positive().default(1) },
    ({ missing }) => ({ bend: (draft) => ({ ...draft, missing }) }),
    ['missing', Number],
  ),
  /** The first `count` entries come twice in a row and count twice, the second time with `obsCodeDesc` where given. */
  fault(
    'repeat-entries',
    { count: z.int().positive().default(1), obsCodeDesc: z.string().optional() },
    ({ count, obsCodeDesc }) => ({
      bend: (draft) => {
        const again = (row: unknown) => (obsCodeDesc === undefined ? row : { ...Object(row), obsCodeDesc });
        return withList(
          draft,
          draft.list.flatMap((row, index) => (index < count ? [row, again(row)] : [row])),
        );
      },
    }),
    ['count', Number],
  ),
  /** The list consists of these JSON values, valid or not; paged and counted as usual. */
  fault('rows', { rows: z.array(z.unknown()) }, ({ rows }) => ({ bend: (draft) => withList(draft, rows) })),
  /** For every VDN the list is that of this one. */
  fault(
    'one-list',
    { vdnId: z.int().min(1).max(9999) },
    ({ vdnId }) => ({ bend: (draft, { listOf }) => withList(draft, listOf(0, vdnId)) }),
    ['vdnId', Number],
  ),
  /** Two nodes, of which one is so many edits behind: it answers by turns, at random, or always at the same addresses. */
  fault(
    'nodes',
    { by: z.enum(['turns', 'random', 'address']), edits },
    ({ by, edits }) => ({
      bend: (draft, { listOf, number }) => {
        const address = draft.pageNum * 64 + draft.pageSize;
        const behind = { turns: number % 2 === 0, random: oneOfTwo(number), address: oneOfTwo(address) }[by];
        return behind ? withList(draft, listOf(edits)) : draft;
      },
    }),
    ['by', String],
  ),
  /** What was answered once at an address is answered there for as long as the fault is there. */
  fault('cache', {}, () => ({
    bend: (draft, { answered, vdnId }) => {
      const address = `${vdnId} ${draft.pageNum} ${draft.pageSize}`;
      const first = answered.get(address) ?? draft;
      answered.set(address, first);
      return first;
    },
  })),
];

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
