import { type Change, changeKinds, countChanges } from './diff.ts';

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
    .flatMap((kind) =>
      counts[kind] > 0 ? `${verbs[kind]} ${counts[kind]} ${counts[kind] === 1 ? 'code' : 'codes'}` : [],
    )
    .join(', ');
}
