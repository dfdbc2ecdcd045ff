import { type AnswerFault, isAnswerFault } from './answer-faults.ts';
import { type Fault, faultSchema, type ParsedFault } from './faults.ts';
import { type AnyListFault, isListFault, type PageDraft } from './list-faults.ts';

/** The faults that one request meets. */
export interface Met {
  readonly delayMs: number;
  /** Takes the whole answer over. */
  readonly answer: AnswerFault | undefined;
  /** Change the list, or what the page shows of it. */
  readonly list: readonly MetListFault[];
}

/** A fault of a list, and what it knows of the requests before. */
export interface MetListFault {
  readonly fault: AnyListFault;
  readonly number: number;
  readonly answered: Map<string, PageDraft>;
}

interface Entry {
  readonly fault: ParsedFault;
  left: number;
  requests: number;
  readonly answered: Map<string, PageDraft>;
}

const nothing: Met = { delayMs: 0, answer: undefined, list: [] };

/** The faults that are in force, for single VDNs and for all of them. */
export class FaultBook {
  readonly #entries = new Map<number | 'all', Entry[]>();
  #away: AnswerFault | undefined;

  /** What every request meets while the server is away, before all other faults. */
  set away(fault: Fault | undefined) {
    const parsed = fault && faultSchema.parse(fault);
    this.#away = parsed && isAnswerFault(parsed) ? parsed : undefined;
  }

  /** Adds a fault behind those that are there; of several that give a whole answer the first is used up first. */
  add(vdnId: number | 'all', fault: Fault): void {
    const parsed = faultSchema.parse(fault);
    const entries = this.#entries.get(vdnId) ?? [];
    const entry = {
      fault: parsed,
      left: parsed.times ?? Number.POSITIVE_INFINITY,
      requests: 0,
      answered: new Map(),
    };
    this.#entries.set(vdnId, [...entries, entry]);
  }

  clear(vdnId: number | 'all'): void {
    this.#entries.delete(vdnId);
  }

  /** The faults in force, those of the VDN before those of all. */
  list(vdnId: number | 'all'): ParsedFault[] {
    return (this.#entries.get(vdnId) ?? []).filter(({ left }) => left > 0).map(({ fault }) => fault);
  }

  /** What a request for this page meets; counts as one time for each fault that comes to bear. */
  meet(vdnId: number | undefined, pageNum: number | undefined): Met {
    if (this.#away !== undefined) return { ...nothing, answer: this.#away };
    if (this.#entries.size === 0) return nothing;
    const own = vdnId === undefined ? [] : (this.#entries.get(vdnId) ?? []);
    const fitting = [...own, ...(this.#entries.get('all') ?? [])].filter(
      ({ fault, left }) => left > 0 && (fault.page === undefined || fault.page === pageNum),
    );
    const answering = fitting.find(({ fault }) => isAnswerFault(fault));
    const bearing = fitting.filter(
      (entry) => entry === answering || entry.fault.kind === 'delay' || answering === undefined,
    );
    for (const entry of bearing) {
      entry.left -= 1;
      entry.requests += 1;
    }
    return {
      delayMs: bearing.reduce((sum, { fault }) => sum + (fault.kind === 'delay' ? fault.ms : 0), 0),
      answer: bearing.map(({ fault }) => fault).find(isAnswerFault),
      list: bearing.flatMap(({ fault, requests: number, answered }) =>
        isListFault(fault) ? [{ fault, number, answered }] : [],
      ),
    };
  }
}
