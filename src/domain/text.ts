import { type Change, type ChangeCounts, changeKinds, countChanges } from './diff.ts';

const whole = new Intl.NumberFormat('en');

/** `9,999`. */
export function count(number: number): string {
  // Ten thousand VDNs have small numbers each, and the formatter takes its time.
  return number < 1000 ? String(number) : whole.format(number);
}

/** `9,999 VDNs`, `1 VDN`. */
export function countOf(number: number, one: string): string {
  return `${count(number)} ${one}${number === 1 ? '' : 's'}`;
}

/** An instant as people read it, in UTC and to the second. */
export function formatInstant(instant: Date | null): string {
  return instant === null ? '—' : `${instant.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A span of time in its two largest units, e.g. `1 d 3 h`. */
export function formatSpan(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const largest = units.findIndex(([, length]) => ms >= length);
  if (largest === -1) return `${Math.round(ms)} ms`;
  let rest = ms;
  const parts = units.slice(largest, largest + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return { unit, count };
  });
  return parts
    .filter(({ count }, index) => index === 0 || count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(' ');
}

/** VDNs as an operator writes them, `1-120, 130`; of many ranges only the first few. */
export function vdnRanges(vdnIds: readonly number[], mostRanges = 5): string {
  const ranges: { first: number; last: number }[] = [];
  for (const vdnId of [...vdnIds].sort((a, b) => a - b)) {
    const current = ranges.at(-1);
    if (current?.last === vdnId - 1) current.last = vdnId;
    else ranges.push({ first: vdnId, last: vdnId });
  }
  const shown = ranges
    .slice(0, mostRanges)
    .map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  const hidden = ranges.slice(mostRanges).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return hidden === 0 ? shown.join(', ') : `${shown.join(', ')} and ${count(hidden)} more`;
}

/** A difference in a sentence's words: what an approval would do. */
export function differenceInWords(difference: readonly Change[]): string {
  const counts = countChanges(difference);
  const verbs = {
    added: 'add',
    changed: 'change the description of',
    removed: 'remove',
    returned: 'bring back',
  };
  return changeKinds
    .flatMap((kind) => (counts[kind] > 0 ? `${verbs[kind]} ${countOf(counts[kind], 'code')}` : []))
    .join(', ');
}

/** What a run would do to codes, in one line: `Would add 4,800, change 12, remove 3 codes in 43 VDNs`. */
export function planInWords(counts: ChangeCounts, vdns: number): string {
  const verbs = { added: 'add', changed: 'change', removed: 'remove', returned: 'bring back' };
  const done = changeKinds.filter((kind) => counts[kind] > 0);
  if (done.length === 0) return 'Would change no code';
  const last = counts[done.at(-1) ?? 'added'];
  const actions = done.map((kind) => `${verbs[kind]} ${count(counts[kind])}`).join(', ');
  return `Would ${actions} ${last === 1 ? 'code' : 'codes'} in ${countOf(vdns, 'VDN')}`;
}
