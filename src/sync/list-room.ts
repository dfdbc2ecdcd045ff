import type { Page } from '../domain/complete-snapshot.ts';
import { VdnError } from '../errors.ts';

const defaultBytes = 64 * 1024 * 1024;
/** What an entry takes beside its text, roughly: an object, an entry of a map, its strings. */
const bytesPerEntry = 200;
/** While a list is compared and written, it takes this many times as much. */
const atWork = 2.5;

/**
 * Memory that the lists under way in a run share, so that a few very large lists do not end the process. A VDN waits
 * for room after its first page, which shows how large its list will be.
 */
export class ListRoom {
  readonly bytes: number;
  #reserved = 0;
  /**
   * A list that is larger than its first page suggested. One at a time may exceed the room, so that none waits for
   * ever.
   */
  #beyond: ListShare | undefined;
  #change = Promise.withResolvers<void>();

  constructor(bytes = defaultBytes) {
    this.bytes = bytes;
  }

  /** The share of one VDN. */
  share(): ListShare {
    return new ListShare(this);
  }

  /**
   * Reserves this much for a new list, if it is free; a list that is alone always gets it. Check and reserve in one
   * step, or two lists could both find it free.
   */
  tryReserve(bytes: number): boolean {
    if (this.#reserved > 0 && this.#reserved + bytes > this.bytes) return false;
    this.#reserved += bytes;
    return true;
  }

  /** Reserves more for a list that is larger than expected. */
  tryGrow(share: ListShare, bytes: number): boolean {
    if (this.#reserved + bytes > this.bytes) {
      this.#beyond ??= share;
      if (this.#beyond !== share) return false;
    }
    this.#reserved += bytes;
    return true;
  }

  release(share: ListShare, bytes: number): void {
    this.#reserved -= bytes;
    if (this.#beyond === share) this.#beyond = undefined;
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** Resolves when another list has released its room. */
  get change(): Promise<void> {
    return this.#change.promise;
  }
}

class ListShare {
  readonly #room: ListRoom;
  #reserved = 0;
  #used = 0;

  constructor(room: ListRoom) {
    this.#room = room;
  }

  /**
   * Counts a page that came in, and waits until there is room for it.
   *
   * @throws VdnError `too-large` where the list alone is larger than all the room; the signal's reason
   */
  async take(page: Page, pageNum: number, signal: AbortSignal): Promise<void> {
    // A new read: the one before it is not needed any more.
    if (pageNum === 1) this.release();
    const bytes = bytesOf(page);
    this.#used += bytes;
    if (this.#used > this.#room.bytes) throw tooLarge(this.#room.bytes);
    if (pageNum === 1) {
      const expected = Math.min(
        this.#room.bytes,
        (atWork * bytes * page.total) / Math.max(1, page.rows.length),
      );
      await this.#until(() => this.#room.tryReserve(expected), signal);
      this.#reserved += expected;
    }
    await this.#until(() => {
      const missing = this.#used - this.#reserved;
      if (missing <= 0) return true;
      if (!this.#room.tryGrow(this, missing)) return false;
      this.#reserved += missing;
      return true;
    }, signal);
  }

  /** The list is not needed any more. */
  release(): void {
    this.#room.release(this, this.#reserved);
    this.#reserved = 0;
    this.#used = 0;
  }

  async #until(possible: () => boolean, signal: AbortSignal): Promise<void> {
    while (!possible()) {
      await this.#room.change;
      signal.throwIfAborted();
    }
  }
}

export type { ListShare };

function bytesOf({ rows }: Page): number {
  return rows.reduce(
    (sum, { obsCode, obsCodeDesc }) =>
      sum + bytesPerEntry + 2 * (obsCode.length + (obsCodeDesc?.length ?? 0)),
    0,
  );
}

function tooLarge(bytes: number): VdnError {
  return new VdnError(
    'too-large',
    `the list takes more than ${bytes / 1024 / 1024} MiB in memory, which is more than a run has room for. Ask the operator of ` +
      'the server what it sends; a list of result codes has a few kilobytes.',
  );
}
