import { type Change, type ChangeCounts, changeKinds, countChanges } from './diff.ts';
import { count, countOf } from './text.ts';

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
  const deeds = done.map((kind) => `${verbs[kind]} ${count(counts[kind])}`).join(', ');
  return `Would ${deeds} ${last === 1 ? 'code' : 'codes'} in ${countOf(vdns, 'VDN')}`;
}
