import fc from 'fast-check';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { entries, entry } from '../domain/pages.ts';

/** One edit of a list. A position counts from 0 and begins anew at the list's end, so that it fits any list. */
type Edit =
  | { readonly kind: 'delete' | 'add' | 'change'; readonly at: number }
  | { readonly kind: 'swap' | 'move' | 'repeat'; readonly from: number; readonly to: number }
  | { readonly kind: 'reverse' };

/** A list, and what happens to it before each of its requests is answered. */
export interface EditedReading {
  readonly count: number;
  readonly pageSize: number;
  /** Before the first request, before the second, and so on; after the last the list stands still. */
  readonly edits: readonly (readonly Edit[])[];
  /** How much later than the request each answer comes, in turns of the event loop. */
  readonly lateness: readonly number[];
}

const position = fc.nat(20);
const move = fc.record({ kind: fc.constant('move'), from: position, to: position });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  // At equal totals nothing shows but in a second read, so this is what a reader has to be tried with most.
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('swap'), from: position, to: position }) },
  { weight: 3, arbitrary: move },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('delete', 'add', 'change'), at: position }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat'), from: position, to: position }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reverse') }) },
);
const lateness = fc.array(fc.nat(3), { maxLength: 20, size: 'max' });

/** Before each request nothing, or one or two edits. */
function between(edit: fc.Arbitrary<Edit>): fc.Arbitrary<Edit[][]> {
  const some = fc.array(edit, { minLength: 1, maxLength: 2 });
  const one = fc.oneof({ weight: 2, arbitrary: fc.constant<Edit[]>([]) }, { weight: 1, arbitrary: some });
  return fc.array(one, { maxLength: 20, size: 'max' });
}

/** Short lists in short pages: what can go wrong between two pages goes wrong there too, and more often. */
export const editedReading: fc.Arbitrary<EditedReading> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      count: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 4, max: 14 }) }, fc.nat(3)),
      pageSize: fc.integer({ min: 1, max: 5 }),
      edits: between(edit),
      lateness,
    }),
  },
  // A few entries that are only moved: the same ones are read twice, or missed, again and again.
  {
    weight: 1,
    arbitrary: fc.record({
      count: fc.integer({ min: 3, max: 4 }),
      pageSize: fc.integer({ min: 2, max: 3 }),
      edits: between(move),
      lateness,
    }),
  },
);

/**
 * A list that is edited. A code that left it never comes back; those that are added are always new ones.
 */
export class EditedList {
  #rows: readonly ResultCode[];
  #added = 0;
  readonly #throughout: Set<string>;

  constructor(count: number) {
    this.#rows = entries(count);
    this.#throughout = new Set(this.#rows.map(({ obsCode }) => obsCode));
  }

  get rows(): readonly ResultCode[] {
    return this.#rows;
  }

  /** The codes that were in the list from the start until now. */
  get throughout(): ReadonlySet<string> {
    return this.#throughout;
  }

  /** Begins anew: what is in the list now was in it from the start. */
  restart(): void {
    this.#throughout.clear();
    for (const { obsCode } of this.#rows) this.#throughout.add(obsCode);
  }

  apply(edits: readonly Edit[]): void {
    for (const one of edits) this.#rows = this.#edited(one);
    const listed = new Set(this.#rows.map(({ obsCode }) => obsCode));
    for (const obsCode of this.#throughout) if (!listed.has(obsCode)) this.#throughout.delete(obsCode);
  }

  #edited(edit: Edit): readonly ResultCode[] {
    const rows = this.#rows;
    const place = (position: number) => (rows.length === 0 ? 0 : position % rows.length);
    const row = (position: number) => rows[place(position)] ?? this.#newEntry();
    switch (edit.kind) {
      case 'delete':
        return rows.toSpliced(place(edit.at), 1);
      case 'add':
        return rows.toSpliced(place(edit.at), 0, this.#newEntry());
      case 'change': {
        const { obsCode } = row(edit.at);
        return rows.map((one) => (one.obsCode === obsCode ? entry(obsCode, `Edit ${this.#added++}.`) : one));
      }
      case 'swap':
        return rows.toSpliced(place(edit.from), 1).toSpliced(place(edit.to), 0, this.#newEntry());
      case 'move':
        return rows.toSpliced(place(edit.from), 1).toSpliced(place(edit.to), 0, row(edit.from));
      case 'repeat':
        return rows.toSpliced(place(edit.to), 0, row(edit.from));
      case 'reverse':
        return rows.toReversed();
    }
  }

  #newEntry(): ResultCode {
    this.#added += 1;
    return entry(`new ${this.#added}`);
  }
}
