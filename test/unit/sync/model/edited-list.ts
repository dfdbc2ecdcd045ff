import type { ResultCode } from '../../../../src/domain/result-code.ts';
import { entries, entry } from '../../domain/pages.ts';
import type { Chance } from './chance.ts';

type RowEdit = 'replace' | 'delete' | 'move' | 'update' | 'move and update' | 'repeat';
export type Edit = RowEdit | 'add' | 'put back' | 'reorder';

/** A list that is edited, with every state it has been in. */
export class EditedList {
  readonly #chance: Chance;
  readonly #edits: readonly Edit[];
  readonly #states: (readonly ResultCode[])[];
  readonly #deleted: ResultCode[] = [];
  readonly #throughout: Set<string>;
  #added = 0;

  /** @param edits what can happen to it, each as likely as the other; one may be named several times */
  constructor(count: number, chance: Chance, edits: readonly Edit[]) {
    this.#chance = chance;
    this.#edits = edits;
    this.#states = [entries(count)];
    this.#throughout = new Set(this.rows.map(({ obsCode }) => obsCode));
  }

  get rows(): readonly ResultCode[] {
    return this.before(0);
  }

  /** As it was so many edits ago. */
  before(edits: number): readonly ResultCode[] {
    return this.#states.at(-1 - edits) ?? this.#states[0] ?? [];
  }

  /** The codes that were in the list from the start until now: an honest oracle's list of what must not be removed. */
  get throughout(): ReadonlySet<string> {
    return this.#throughout;
  }

  /** Starts again: what is in the list now was in it from the start. */
  restart(): void {
    this.#throughout.clear();
    for (const { obsCode } of this.rows) this.#throughout.add(obsCode);
  }

  edit(): void {
    const rows = this.#edited(this.#chance.oneOf(this.#edits), this.rows);
    this.#states.push(rows);
    const listed = new Set(rows.map(({ obsCode }) => obsCode));
    for (const obsCode of this.#throughout) if (!listed.has(obsCode)) this.#throughout.delete(obsCode);
  }

  #edited(edit: Edit, rows: readonly ResultCode[]): readonly ResultCode[] {
    if (edit === 'reorder') return this.#chance.shuffled(rows);
    if (edit === 'add') return this.#inserted(rows, this.#new());
    if (edit === 'put back') return this.#inserted(rows, this.#deleted.pop() ?? this.#new());
    const at = this.#chance.below(Math.max(1, rows.length));
    const row = rows[at];
    return row ? this.#editedAt(edit, rows, at, row) : rows;
  }

  #editedAt(edit: RowEdit, rows: readonly ResultCode[], at: number, row: ResultCode): readonly ResultCode[] {
    const others = rows.toSpliced(at, 1);
    switch (edit) {
      case 'delete':
        this.#deleted.push(row);
        return others;
      case 'replace':
        this.#deleted.push(row);
        return this.#inserted(others, this.#new());
      case 'move':
        return this.#inserted(others, row);
      case 'repeat':
        return this.#inserted(rows, row);
      case 'update':
        return rows.with(at, this.#updated(row));
      case 'move and update':
        return this.#inserted(others, this.#updated(row));
    }
  }

  #inserted(rows: readonly ResultCode[], row: ResultCode): ResultCode[] {
    return rows.toSpliced(this.#chance.below(rows.length + 1), 0, row);
  }

  #updated({ obsCode }: ResultCode): ResultCode {
    return entry(obsCode, `Edit ${++this.#added}.`);
  }

  #new(): ResultCode {
    return entry(`new ${++this.#added}`);
  }
}
