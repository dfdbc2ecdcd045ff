import type { Locale } from './descriptions.ts';
import { type ListedCode, type ObsCodeRow, rowOf } from './generated-list.ts';
import { type Lists, mustBeVdn, type NewText } from './lists.ts';

/** The list of one VDN, to look at and to edit. A text given as a string holds for both locales. */
export interface VdnList {
  /** The entries as a request with this locale gets them, in order. */
  list(locale?: Locale): ObsCodeRow[];
  /** The entries with the texts of both locales, in order. */
  codes(): readonly ListedCode[];
  /** Puts an entry at the end, or at `position` (from 0). */
  add(obsCode: string, obsCodeDesc: NewText, position?: number): void;
  remove(obsCode: string): void;
  change(obsCode: string, obsCodeDesc: NewText): void;
  /** Removes one code and adds another at the end, so that the total stays. */
  swap(obsCode: string, added: string, obsCodeDesc: NewText): void;
  replace(codes: readonly ListedCode[]): void;
  /** The same entries in another order: always the same one for the same list. */
  reorder(): void;
  edit(change: (codes: readonly ListedCode[]) => readonly ListedCode[]): void;
  /** Back to the generated list. */
  reset(): void;
}

/** @throws RangeError where there can be no such VDN; `remove`, `change` and `swap` where the code is not listed. */
export function vdnList(lists: Lists, vdnId: number): VdnList {
  mustBeVdn(vdnId);
  const codes = (): readonly ListedCode[] => lists.codes(vdnId);
  const positionOf = (obsCode: string): number => {
    const position = codes().findIndex((code) => code.obsCode === obsCode);
    if (position < 0) throw new RangeError(`VDN ${vdnId} has no code ${obsCode}`);
    return position;
  };
  const replace = (changed: readonly ListedCode[]): void => lists.replace(vdnId, changed);
  const add = (obsCode: string, obsCodeDesc: NewText, position = codes().length): void =>
    replace(codes().toSpliced(position, 0, { obsCode, obsCodeDesc }));
  const remove = (obsCode: string): void => replace(codes().toSpliced(positionOf(obsCode), 1));
  return {
    list: (locale = 'zh_CN') => codes().map((code) => rowOf(code, locale)),
    codes,
    add,
    remove,
    change: (obsCode, obsCodeDesc) =>
      replace(codes().toSpliced(positionOf(obsCode), 1, { obsCode, obsCodeDesc })),
    swap: (obsCode, added, obsCodeDesc) => {
      remove(obsCode);
      add(added, obsCodeDesc);
    },
    replace,
    reorder: () => replace(interleaved(codes())),
    edit: (change) => replace(change(codes())),
    reset: () => lists.reset(vdnId),
  };
}

/** Every second entry from the end, then the others: no entry of a longer list keeps its neighbours. */
function interleaved(codes: readonly ListedCode[]): ListedCode[] {
  const backwards = codes.toReversed();
  return [
    ...backwards.filter((_, index) => index % 2 === 0),
    ...backwards.filter((_, index) => index % 2 === 1),
  ];
}
