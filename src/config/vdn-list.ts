import { quote } from '../domain/quote.ts';
import type { Parsed } from './fields.ts';

const smallest = 1;
const largest = 9999;

/** What an entry of a VDN list looks like, for messages. */
const vdnForm = `a VDN from ${smallest} to ${largest} or a range such as 100-120`;

/** What is wrong with a VDN list; `entry` counts from 0 and is absent where no single entry is to blame. */
export interface VdnProblem {
  readonly entry?: number;
  /** Quotes only VDNs and ranges: another text may be a secret. */
  readonly message: string;
}

/**
 * The VDNs of a list's entries (whole numbers, or texts such as `25` and `100-120`), sorted, each once. A VDN that is
 * listed twice is a problem: it is usually a mistake for another one.
 */
export function expandVdns(entries: readonly unknown[]): { vdns: number[]; problems: VdnProblem[] } {
  const problems: VdnProblem[] = [];
  if (entries.length === 0) problems.push({ message: `the list is empty; expected at least ${vdnForm}` });

  const listedBy = new Map<number, number>();
  for (const [entry, value] of entries.entries()) {
    const read = readEntry(value);
    if (!read.ok) {
      problems.push(...read.problems.map((message) => ({ entry, message })));
      continue;
    }
    const repeated = read.value.filter((vdn) => listedBy.has(vdn));
    for (const [earlier, vdns] of Map.groupBy(repeated, (vdn) => listedBy.get(vdn) ?? entry)) {
      problems.push({
        entry,
        message: `${inWords(vdns)} listed already by the entry ${quote(asText(entries[earlier]))}`,
      });
    }
    for (const vdn of read.value) if (!listedBy.has(vdn)) listedBy.set(vdn, entry);
  }
  return { vdns: [...listedBy.keys()].sort((a, b) => a - b), problems };
}

/** The VDNs of `--vdn 1,25,100-120`, sorted, or everything that is wrong with the text. */
export function parseVdnList(text: string): Parsed<number[]> {
  const entries = text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim());
  const { vdns, problems } = expandVdns(entries);
  if (problems.length === 0) return { ok: true, value: vdns };
  const quoted = ({ entry, message }: VdnProblem) =>
    entry === undefined ? message : `${quote(entries[entry] ?? '')}: ${message}`;
  return { ok: false, problems: problems.map(quoted) };
}

function readEntry(value: unknown): Parsed<number[]> {
  const [, from, to = from] = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(asText(value)) ?? [];
  if (from === undefined) return wrong(`expected ${vdnForm}`);
  const [first, last] = [Number(from), Number(to)];
  if ([first, last].some((vdn) => vdn < smallest || vdn > largest)) {
    return wrong(`outside ${smallest} to ${largest}; expected ${vdnForm}`);
  }
  if (first > last) return wrong('the range runs backwards; write the smaller VDN first');
  return { ok: true, value: Array.from({ length: last - first + 1 }, (_, offset) => first + offset) };
}

const wrong = (problem: string) => ({ ok: false, problems: [problem] }) as const;

const asText = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? String(value) : '';

function inWords(vdns: readonly number[]): string {
  return vdns.length === 1 ? `VDN ${vdns[0]} is` : `VDNs ${vdns[0]} to ${vdns.at(-1)} are`;
}
