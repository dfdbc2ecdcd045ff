import { OutageError, type VdnError, type VdnErrorCode } from '../errors.ts';

/** Failures in a row after which a source counts as down or refusing. */
const mostInARow = 5;
/** The same for answers that may concern single VDNs. */
const mostOwnInARow = 20;

/** The server answered, or the fault was on this side: says nothing about the source as a whole. */
const sourceIsUp: ReadonlySet<VdnErrorCode> = new Set([
  'isales-error',
  'bad-row',
  'bad-response',
  'incomplete-snapshot',
  'stale-snapshot',
  'database',
]);

/** HTTP statuses with which a server may refuse single VDNs: unknown, not permitted, broken. */
const maybeOwn: ReadonlySet<number | undefined> = new Set([400, 403, 404, 500]);

/**
 * Decides when to stop asking a source. More requests with a wrong key lock accounts, and a server that hangs would
 * take a day. But VDNs that are refused one by one must not keep the others from being read.
 */
export class CircuitBreaker {
  #failuresInARow = 0;
  #ownInARow = 0;
  #anySuccess = false;
  #reason = '';
  #open = false;

  /** It stays open, even if a VDN that was still under way succeeds. */
  get open(): boolean {
    return this.#open;
  }

  /** Why it is open, as the end of a sentence. */
  get reason(): string {
    return this.#reason;
  }

  /** A list was read whole. */
  succeeded(): void {
    this.#anySuccess = true;
    this.#failuresInARow = 0;
    this.#ownInARow = 0;
  }

  failed(vdnId: number, error: VdnError): void {
    if (sourceIsUp.has(error.code)) {
      this.#failuresInARow = 0;
      this.#ownInARow = 0;
      return;
    }
    if (this.#open) return;
    if (!maybeOwn.has(error.status)) this.#failuresInARow++;
    else if (!this.#anySuccess) this.#ownInARow++;
    const inARow = this.#failuresInARow + this.#ownInARow;
    const away = error instanceof OutageError;
    if (!away && this.#failuresInARow < mostInARow && inARow < mostOwnInARow) return;
    this.#open = true;
    this.#reason = away
      ? `the server is away: ${error.message}`
      : `${inARow} VDNs in a row of this source failed; the last one, ${vdnId}, with ${error.code}: ${error.message}`;
  }
}
