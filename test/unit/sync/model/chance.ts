/** Makes the choices of a schedule; all of them come down to `below`. */
export abstract class Chance {
  /** A whole number from 0 to below `limit`. */
  abstract below(limit: number): number;

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const shuffled: T[] = [];
    for (const item of items) shuffled.splice(this.below(shuffled.length + 1), 0, item);
    return shuffled;
  }

  /** True so many times out of ten. */
  happens(times: number): boolean {
    return this.below(10) < times;
  }
}

/** Repeatable random numbers: the same seed gives the same choices (mulberry32). */
export class Seeded extends Chance {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}

/** Every choice in turn: a search of the whole tree, one path after the other. */
export class Exhaustive extends Chance {
  #path: { choice: number; readonly limit: number }[] = [];
  #depth = 0;

  below(limit: number): number {
    const made = this.#path[this.#depth] ?? { choice: 0, limit };
    this.#path[this.#depth++] = made;
    return made.choice;
  }

  /** Goes to the next path; false where that was the last one. */
  next(): boolean {
    this.#depth = 0;
    let last = this.#path.pop();
    while (last && last.choice + 1 === last.limit) last = this.#path.pop();
    if (last) this.#path.push({ ...last, choice: last.choice + 1 });
    return last !== undefined;
  }
}
