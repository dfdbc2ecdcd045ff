import { type EditingKind, isEditing, isPageFault, type PageKind } from './fault-pages.ts';
import { type Fault, type FaultKind, type FaultOf, faultSchema } from './fault-shapes.ts';

type AnswerKind = Exclude<FaultKind, 'delay' | EditingKind | PageKind>;
export type AnswerFault = FaultOf<AnswerKind>;

/** The faults that one request meets. */
export interface Met {
  readonly delayMs: number;
  /** Takes the whole answer over. */
  readonly answer: AnswerFault | undefined;
  /** Change the list for good before it is read. */
  readonly edits: readonly FaultOf<EditingKind>[];
  /** Change what the page shows. */
  readonly pages: readonly FaultOf<PageKind>[];
}

interface Entry {
  readonly fault: FaultOf<FaultKind>;
  left: number;
}

const nothing: Met = { delayMs: 0, answer: undefined, edits: [], pages: [] };

/** The faults that are in force, for single VDNs and for all of them. */
export class FaultBook {
  readonly #entries = new Map<number | 'all', Entry[]>();
  #away: AnswerFault | undefined;

  /** What every request meets while the server is away, before all other faults. */
  set away(fault: Fault | undefined) {
    const parsed = fault && faultSchema.parse(fault);
    this.#away = parsed && isAnswer(parsed) ? parsed : undefined;
  }

  /** Adds a fault behind those that are there; of several that give a whole answer the first is used up first. */
  add(vdnId: number | 'all', fault: Fault): void {
    const parsed = faultSchema.parse(fault);
    const entries = this.#entries.get(vdnId) ?? [];
    this.#entries.set(vdnId, [...entries, { fault: parsed, left: parsed.times ?? Number.POSITIVE_INFINITY }]);
  }

  clear(vdnId: number | 'all'): void {
    this.#entries.delete(vdnId);
  }

  /** The faults in force, those of the VDN before those of all. */
  list(vdnId: number | 'all'): FaultOf<FaultKind>[] {
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
    const answering = fitting.find(({ fault }) => isAnswer(fault));
    const bearing = fitting.filter(
      (entry) => entry === answering || entry.fault.kind === 'delay' || answering === undefined,
    );
    for (const entry of bearing) entry.left -= 1;
    const faults = bearing.map(({ fault }) => fault);
    return {
      delayMs: faults.reduce((sum, fault) => sum + (fault.kind === 'delay' ? fault.ms : 0), 0),
      answer: faults.find(isAnswer),
      edits: faults.filter(isEditing),
      pages: faults.filter(isPageFault),
    };
  }
}

function isAnswer(fault: FaultOf<FaultKind>): fault is AnswerFault {
  return fault.kind !== 'delay' && !isEditing(fault) && !isPageFault(fault);
}
