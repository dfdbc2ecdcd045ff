/** One request as it arrived, and its answer. */
export interface LoggedRequest {
  /** Counted from 1, since the start or the last reset. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  /** As far as the request gave them; NaN where they are no numbers. */
  readonly vdnId: number | undefined;
  readonly pageNum: number | undefined;
  readonly pageSize: number | undefined;
  /** Names in lower case. The Authorization header is here as it came. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why the signature was refused, undefined where it held or nothing was there to sign for. */
  readonly refused: string | undefined;
  /** The status that was answered; undefined while, or where, there was no answer. */
  readonly status: number | undefined;
}

export interface RequestCounts {
  readonly total: number;
  /** Requests under way now. */
  readonly underWay: number;
  /** The most requests that were under way at one time. */
  readonly mostAtOnce: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byVdn: Readonly<Record<string, number>>;
}

interface Entry extends Omit<LoggedRequest, 'headers'> {
  readonly rawHeaders: readonly string[];
  refused: string | undefined;
  status: number | undefined;
}

/** Counts every request and keeps the newest ones. */
export class RequestLog {
  readonly #capacity: number;
  #entries: Entry[] = [];
  #total = 0;
  #underWay = 0;
  #mostAtOnce = 0;
  #byStatus = new Map<number, number>();
  #byVdn = new Map<number, number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Requests since the start, or since `reset`. */
  get total(): number {
    return this.#total;
  }

  /** The most requests that were under way at one time. */
  get mostAtOnce(): number {
    return this.#mostAtOnce;
  }

  ofVdn(vdnId: number): number {
    return this.#byVdn.get(vdnId) ?? 0;
  }

  withStatus(status: number): number {
    return this.#byStatus.get(status) ?? 0;
  }

  counts(): RequestCounts {
    return {
      total: this.#total,
      underWay: this.#underWay,
      mostAtOnce: this.#mostAtOnce,
      byStatus: Object.fromEntries(this.#byStatus),
      byVdn: Object.fromEntries(this.#byVdn),
    };
  }

  /** The newest requests, oldest first; of one VDN where it is named. */
  entries(vdnId?: number): LoggedRequest[] {
    const { length } = this.#entries;
    const oldest = length < this.#capacity ? 0 : this.#total % this.#capacity;
    const inOrder = [...this.#entries.slice(oldest), ...this.#entries.slice(0, oldest)];
    return inOrder.filter((entry) => vdnId === undefined || entry.vdnId === vdnId).map(shown);
  }

  /** Clears the counts and the log; requests under way still count. */
  reset(): void {
    this.#entries = [];
    this.#total = 0;
    this.#mostAtOnce = this.#underWay;
    this.#byStatus = new Map();
    this.#byVdn = new Map();
  }

  arrived(request: Omit<Entry, 'number' | 'at' | 'refused' | 'status'>): Entry {
    const entry: Entry = {
      ...request,
      number: this.#total + 1,
      at: Date.now(),
      refused: undefined,
      status: undefined,
    };
    this.#entries[this.#total % this.#capacity] = entry;
    this.#total += 1;
    this.#underWay += 1;
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#underWay);
    if (entry.vdnId !== undefined) this.#byVdn.set(entry.vdnId, this.ofVdn(entry.vdnId) + 1);
    return entry;
  }

  /** The answer is sent, or the connection gone; `status` is undefined where nothing was answered. */
  ended(entry: Entry, status: number | undefined): void {
    this.#underWay -= 1;
    entry.status = status;
    if (status !== undefined) this.#byStatus.set(status, this.withStatus(status) + 1);
  }
}

function shown({ rawHeaders, ...entry }: Entry): LoggedRequest {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers[(rawHeaders[index] ?? '').toLowerCase()] = rawHeaders[index + 1] ?? '';
  }
  return { ...entry, headers };
}
