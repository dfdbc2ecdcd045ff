import type { Parsed } from './parsed.ts';

const smallest = 1;
const largest = 9999;

/** What an entry of a VDN list looks like, for messages and for `--help`. */
export const vdnForm = `a VDN from ${smallest} to ${largest} or a range such as 100-120`;

/** What is wrong with a VDN list; `entry` counts from 0 and is absent where no single entry is to blame. */
export interface VdnProblem {
  readonly entry?: number;
  /** Never quotes the entry, which may have come from a secret place. */
  readonly message: string;
}

interface Range {
  readonly entry: number;
  readonly first: number;
  readonly last: number;
}

/**
 * The VDNs of a list's entries (whole numbers, or texts such as `25` and `100-120`), sorted, each once.
 * A VDN that is listed twice is a problem: it is usually a slip of somebody who meant another one.
 */
export function expandVdns(entries: readonly unknown[]): { vdns: number[]; problems: VdnProblem[] } {
  const problems: VdnProblem[] = [];
  if (entries.length === 0) problems.push({ message: `the list is empty; expected at least ${vdnForm}` });

  const ranges: Range[] = [];
  for (const [entry, value] of entries.entries()) {
    const read = readRange(value);
    if (typeof read === 'string') {
      problems.push({ entry, message: read });
      continue;
    }
    const range = { entry, ...read };
    problems.push(...ranges.flatMap((earlier) => overlap(earlier, range)));
    ranges.push(range);
  }
  const vdns = new Set(ranges.flatMap(numbersOf));
  return { vdns: [...vdns].sort((a, b) => a - b), problems };
}

/** The VDNs of `--vdn 1,25,100-120`, sorted, or everything that is wrong with the text. */
export function parseVdnList(text: string): Parsed<number[]> {
  const entries = text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
  const { vdns, problems } = expandVdns(entries);
  if (problems.length === 0) return { ok: true, value: vdns };
  const quoted = ({ entry, message }: VdnProblem) =>
    entry === undefined ? message : `${JSON.stringify(entries[entry])}: ${message}`;
  return { ok: false, problems: problems.map(quoted) };
}

function readRange(value: unknown): { first: number; last: number } | string {
  const [, from, to = from] = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(asText(value)) ?? [];
  if (from === undefined) return `expected ${vdnForm}`;
  const [first, last] = [Number(from), Number(to)];
  if (first < smallest || last > largest || first > largest || last < smallest) {
    return `outside ${smallest} to ${largest}; expected ${vdnForm}`;
  }
  return first > last ? 'the range runs backwards; write the smaller VDN first' : { first, last };
}

const asText = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? String(value) : '';

function overlap(earlier: Range, later: Range): VdnProblem[] {
  const first = Math.max(earlier.first, later.first);
  const last = Math.min(earlier.last, later.last);
  if (first > last) return [];
  const which = first === last ? `VDN ${first} is` : `VDNs ${first} to ${last} are`;
  return [
    { entry: later.entry, message: `${which} listed already by entry ${earlier.entry + 1} of the list` },
  ];
}

function numbersOf({ first, last }: Range): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
