import type { FaultKind, FaultOf } from './fault-shapes.ts';
import type { VdnList } from './vdn-list.ts';

/** A page before it is cut out of the list: what faults may bend. */
export interface PageDraft {
  readonly list: readonly unknown[];
  readonly total: unknown;
  readonly pageNum: number;
  readonly pageSize: number;
  /** Rows left out at the end of the page. */
  readonly missing: number;
}

export type EditingKind = 'shift' | 'swap';
export type PageKind = 'total' | 'repeat-page' | 'clamp' | 'short-page' | 'repeat-entries' | 'rows';

const editing: { readonly [K in EditingKind]: (fault: FaultOf<K>, list: VdnList) => void } = {
  shift: ({ by }, list) => {
    if (by >= 0) list.edit((codes) => codes.slice(by));
    for (let added = 0; added > by; added -= 1) list.add(unusedCode(list), 'Added while it was read.', 0);
  },
  swap: (_, list) => {
    const added = unusedCode(list);
    list.edit((codes) => codes.slice(1));
    list.add(added, 'Swapped in while it was read.');
  },
};

const bending: { readonly [K in PageKind]: (fault: FaultOf<K>, draft: PageDraft) => PageDraft } = {
  total: ({ total }, draft) => ({ ...draft, total }),
  'repeat-page': (_, draft) => ({ ...draft, pageNum: Math.max(1, draft.pageNum - 1) }),
  clamp: ({ pageSize }, draft) => ({ ...draft, pageSize: Math.min(pageSize, draft.pageSize) }),
  'short-page': ({ missing }, draft) => ({ ...draft, missing }),
  'repeat-entries': ({ count, obsCodeDesc }, draft) => {
    const list = draft.list.flatMap((row, index) =>
      index < count ? [row, obsCodeDesc === undefined ? row : { ...Object(row), obsCodeDesc }] : [row],
    );
    return { ...draft, list, total: list.length };
  },
  rows: ({ rows }, draft) => ({ ...draft, list: rows, total: rows.length }),
};

export function isEditing(fault: FaultOf<FaultKind>): fault is FaultOf<EditingKind> {
  return Object.hasOwn(editing, fault.kind);
}

export function isPageFault(fault: FaultOf<FaultKind>): fault is FaultOf<PageKind> {
  return Object.hasOwn(bending, fault.kind);
}

export function editForFault<K extends EditingKind>(fault: FaultOf<K>, list: VdnList): void {
  const edit: (fault: FaultOf<K>, list: VdnList) => void = editing[fault.kind];
  edit(fault, list);
}

export function bendPage<K extends PageKind>(fault: FaultOf<K>, draft: PageDraft): PageDraft {
  const bend: (fault: FaultOf<K>, draft: PageDraft) => PageDraft = bending[fault.kind];
  return bend(fault, draft);
}

/** A code that the list does not have, far from the generated ones. */
function unusedCode(list: VdnList): string {
  const taken = new Set(list.codes().map(({ obsCode }) => obsCode));
  for (let number = 90_000; ; number += 1) {
    if (!taken.has(String(number))) return String(number);
  }
}
