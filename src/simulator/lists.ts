import type { Locale, Texts } from './descriptions.ts';
import {
  generatedCode,
  generatedRowJson,
  type ListedCode,
  mostCodes,
  type ObsCodeRow,
  type Rewrite,
  rewrites,
  rewritten,
  rowJson,
  rowOf,
} from './generated-list.ts';

export const firstVdn = 1;
export const lastVdn = 9999;
/** How far back a list can be looked at. */
export const editsRemembered = 3;

/** @throws RangeError where there can be no such VDN. */
export function mustBeVdn(vdnId: number): void {
  if (Number.isInteger(vdnId) && vdnId >= firstVdn && vdnId <= lastVdn) return;
  throw new RangeError(`a VDN is a number from ${firstVdn} to ${lastVdn}, not ${vdnId}`);
}

/** A change of many lists at once. */
export interface BulkEdit {
  /** From 0 to 1: how large a share of the codes gets another description, in both locales. */
  readonly share: number;
  readonly firstVdn?: number | undefined;
  readonly lastVdn?: number | undefined;
}

/**
 * The lists of all VDNs. A list that was not edited is generated row by row as it is asked for and never held,
 * so that 9,999 VDNs cost no more memory than one.
 */
export class Lists {
  readonly #edited = new Map<number, readonly ListedCode[]>();
  /** What each list was before its last edits, the newest last. */
  readonly #earlier = new Map<number, readonly (readonly ListedCode[])[]>();
  readonly #codesOf: (vdnId: number) => number;
  #rewrites: readonly Rewrite[] = [];

  constructor(codesPerVdn: number | ((vdnId: number) => number)) {
    this.#codesOf = typeof codesPerVdn === 'number' ? () => codesPerVdn : codesPerVdn;
  }

  count(vdnId: number): number {
    return this.#edited.get(vdnId)?.length ?? this.#generatedCount(vdnId);
  }

  codes(vdnId: number): readonly ListedCode[] {
    const edited = this.#edited.get(vdnId);
    if (edited !== undefined) return edited;
    return Array.from({ length: this.#generatedCount(vdnId) }, (_, position) =>
      generatedCode(vdnId, position, this.#rewrites),
    );
  }

  /** JSON of the entries from `start` up to before `end`, separated by commas. */
  rowsJson(vdnId: number, locale: Locale, start: number, end: number): string {
    const edited = this.#edited.get(vdnId);
    if (edited !== undefined) {
      return edited
        .slice(start, end)
        .map((code) => rowJson(code, locale))
        .join();
    }
    const rows: string[] = [];
    const last = Math.min(end, this.#generatedCount(vdnId));
    for (let position = start; position < last; position += 1) {
      rows.push(generatedRowJson(vdnId, position, locale, this.#rewrites));
    }
    return rows.join();
  }

  /** The list as it was so many edits ago, or as far back as is remembered. */
  codesBefore(vdnId: number, edits: number): readonly ListedCode[] {
    const earlier = this.#earlier.get(vdnId) ?? [];
    return edits === 0 ? this.codes(vdnId) : (earlier.at(-edits) ?? earlier[0] ?? this.codes(vdnId));
  }

  replace(vdnId: number, codes: readonly ListedCode[]): void {
    const earlier = [...(this.#earlier.get(vdnId) ?? []), this.codes(vdnId)];
    this.#earlier.set(vdnId, earlier.slice(-editsRemembered));
    this.#edited.set(vdnId, [...codes]);
  }

  /** Back to the generated list. */
  reset(vdnId: number): void {
    this.#edited.delete(vdnId);
    this.#earlier.delete(vdnId);
  }

  /**
   * Gives a share of the codes another description: the same ones in every simulator that was
   * edited in the same way.
   *
   * @returns how many descriptions changed.
   */
  rewrite({ share, firstVdn: from = firstVdn, lastVdn: to = lastVdn }: BulkEdit): number {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`a share is a number from 0 to 1, not ${share}`);
    const rewrite: Rewrite = { number: this.#rewrites.length + 1, share, firstVdn: from, lastVdn: to };
    let changed = 0;
    for (let vdnId = from; vdnId <= to; vdnId += 1) {
      const count = this.count(vdnId);
      for (let position = 0; position < count; position += 1) {
        if (rewrites(rewrite, vdnId, position)) changed += 1;
      }
      const edited = this.#edited.get(vdnId);
      if (edited !== undefined) this.replace(vdnId, rewrittenList(edited, rewrite, vdnId));
    }
    this.#rewrites = [...this.#rewrites, rewrite];
    return changed;
  }

  #generatedCount(vdnId: number): number {
    const count = this.#codesOf(vdnId);
    if (!Number.isInteger(count) || count < 0 || count > mostCodes) {
      throw new RangeError(`a VDN has 0 to ${mostCodes} codes, not ${count}`);
    }
    return count;
  }
}

/** A description to put into a list: for both locales where it is one text. */
export type NewText = string | null | Texts;

function rewrittenList(codes: readonly ListedCode[], rewrite: Rewrite, vdnId: number): ListedCode[] {
  return codes.map((code, position) =>
    rewrites(rewrite, vdnId, position) ? rewritten(code, rewrite.number) : code,
  );
}

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
  replace(codes: readonly ListedCode[]): void;
  /** The same entries in another order: always the same one for the same list. */
  reorder(): void;
  edit(change: (codes: readonly ListedCode[]) => readonly ListedCode[]): void;
  /** Back to the generated list. */
  reset(): void;
}

/** @throws RangeError where there can be no such VDN; `remove` and `change` where the code is not listed. */
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
    replace,
    reorder: () => replace(interleaved(codes())),
    edit: (change) => replace(change(codes())),
    reset: () => lists.reset(vdnId),
  };
}

/** Every second entry from the end, then the others, so that no entry of a longer list keeps its neighbours. */
function interleaved(codes: readonly ListedCode[]): ListedCode[] {
  const backwards = codes.toReversed();
  return [
    ...backwards.filter((_, index) => index % 2 === 0),
    ...backwards.filter((_, index) => index % 2 === 1),
  ];
}
