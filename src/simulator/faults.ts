import { z } from 'zod';
import { answerFaults } from './answer-faults.ts';
import { type Asked, type Effects, fault } from './fault-kind.ts';
import { listFaults } from './list-faults.ts';
import { mustBeVdn } from './lists.ts';

/** The answer comes later; goes together with any other fault. */
const delay = fault('delay', { ms: z.number().nonnegative() }, ({ ms }) => ({ delayMs: ms }), ['ms', Number]);

const others = [...answerFaults, ...listFaults];

/** Every way to misbehave. */
const faults = [...others, delay];

export const faultSchema = z.discriminatedUnion('kind', [
  delay.schema,
  ...others.map(({ schema }) => schema),
]);

/** A fault as it is asked for. */
export type Fault = z.input<typeof faultSchema>;
/** With its defaults filled in, and what it does. */
type ParsedFault = z.output<typeof faultSchema>;

/** A fault as a command line gives it: `VDN=KIND`, `VDN=KIND:VALUE` or `VDN={"kind":…}`; `all` for every VDN. */
export interface FaultArgument {
  readonly vdnId: number | 'all';
  readonly fault: Fault;
}

/** The short forms, for a help text. */
export function faultForms(): string {
  return faults.map(({ kind, short }) => (short ? `${kind}:<${short[0]}>` : kind)).join(', ');
}

/** @throws RangeError in words for the person who typed it. */
export function parseFaultArgument(argument: string): FaultArgument {
  const [, vdn = '', form = ''] = /^(all|\d+)=(.+)$/s.exec(argument) ?? [];
  if (form === '') throw new RangeError('expected VDN=KIND, VDN=KIND:VALUE or VDN={"kind":…}');
  const vdnId = vdn === 'all' ? vdn : Number(vdn);
  if (typeof vdnId === 'number') mustBeVdn(vdnId);
  return { vdnId, fault: parseFault(form) };
}

function parseFault(form: string): Fault {
  const parsed = faultSchema.safeParse(form.startsWith('{') ? asJson(form, JSON.parse) : readShortForm(form));
  if (parsed.success) return parsed.data.told;
  throw new RangeError(z.prettifyError(parsed.error));
}

function readShortForm(form: string): unknown {
  const [, kind = '', value] = /^([^:]*)(?::(.*))?$/s.exec(form) ?? [];
  const known = faults.find((fault) => fault.kind === kind);
  if (known === undefined) throw new RangeError(`${kind} is no fault; there are ${faultForms()}`);
  if (value === undefined) return { kind };
  const { short } = known;
  if (short === undefined) throw new RangeError(`${kind} takes no value`);
  const [field, read] = short;
  return { kind, [field]: asJson(value, read) };
}

function asJson(text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text);
  } catch (cause) {
    throw new RangeError(`not valid JSON: ${text}`, { cause });
  }
}

/** What one request meets. */
export interface Met {
  readonly delayMs: number;
  /** Takes the whole answer over. */
  readonly answer: Effects | undefined;
  /** Change the list, or what the page shows of it. */
  readonly list: readonly MetListFault[];
}

/** A fault of a list, and what it knows of the requests before. */
interface MetListFault extends Pick<Asked, 'number' | 'answered'> {
  readonly fault: Effects;
}

interface Entry extends Pick<Asked, 'answered'> {
  readonly fault: ParsedFault;
  left: number;
  requests: number;
}

const nothing: Met = { delayMs: 0, answer: undefined, list: [] };

/** The faults that are in force, for single VDNs and for all of them. */
export class FaultBook {
  readonly #entries = new Map<number | 'all', Entry[]>();
  #away: ParsedFault | undefined;

  /** What every request meets while the server is away, before all other faults. */
  set away(fault: Fault | undefined) {
    this.#away = fault && faultSchema.parse(fault);
  }

  /** Adds a fault behind those that are there; of several that give a whole answer the first is used up first. */
  add(vdnId: number | 'all', told: Fault): void {
    const fault = faultSchema.parse(told);
    const left = fault.told.times ?? Number.POSITIVE_INFINITY;
    const entry = { fault, left, requests: 0, answered: new Map() };
    this.#entries.set(vdnId, [...(this.#entries.get(vdnId) ?? []), entry]);
  }

  clear(vdnId: number | 'all'): void {
    this.#entries.delete(vdnId);
  }

  /** The faults in force, those of the VDN before those of all. */
  list(vdnId: number | 'all'): Fault[] {
    return (this.#entries.get(vdnId) ?? []).filter(({ left }) => left > 0).map(({ fault }) => fault.told);
  }

  /** What a request for this page meets; counts as one time for each fault that comes to bear. */
  meet(vdnId: number | undefined, pageNum: number | undefined): Met {
    if (this.#away !== undefined) return { ...nothing, answer: this.#away };
    if (this.#entries.size === 0) return nothing;
    const own = vdnId === undefined ? [] : (this.#entries.get(vdnId) ?? []);
    const fitting = [...own, ...(this.#entries.get('all') ?? [])].filter(
      ({ fault: { told }, left }) => left > 0 && (told.page === undefined || told.page === pageNum),
    );
    const answering = fitting.find(({ fault }) => fault.answer !== undefined);
    const bearing = fitting.filter(
      (entry) => entry === answering || entry.fault.delayMs !== undefined || answering === undefined,
    );
    for (const entry of bearing) {
      entry.left -= 1;
      entry.requests += 1;
    }
    return {
      delayMs: bearing.reduce((sum, { fault }) => sum + (fault.delayMs ?? 0), 0),
      answer: answering?.fault,
      list: bearing
        .filter(({ fault }) => fault.edit !== undefined || fault.bend !== undefined)
        .map(({ fault, requests: number, answered }) => ({ fault, number, answered })),
    };
  }
}
