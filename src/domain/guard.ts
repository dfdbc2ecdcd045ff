import { countChanges, type Difference } from './diff.ts';

/** When a change is too large to be believed without a person; see `guard` in the configuration. */
export interface GuardLimits {
  /** Hold where more than this share of the active codes would be removed. */
  readonly removedShare: number;
  /** Hold where more than this share of the descriptions that stay would be rewritten. */
  readonly rewrittenShare: number;
  /** … and at least this many codes are concerned. */
  readonly atLeast: number;
}

/**
 * Why a difference must be approved before it is applied, in words, or undefined where it need not be.
 * An empty list where codes are active is held whatever the limits; a VDN that was never verified is not the guard's
 * business, and its caller does not ask.
 */
export function suspicion(difference: Difference, limits: GuardLimits): string | undefined {
  const { activeBefore } = difference;
  const { changed, removed, added, returned } = countChanges(difference.changes);
  const staying = activeBefore - removed;
  if (activeBefore > 0 && staying + added + returned === 0) {
    return `the list is empty where ${activeBefore} codes are active`;
  }
  if (removed >= limits.atLeast && removed / activeBefore > limits.removedShare) {
    return `${removed} of ${activeBefore} codes would be removed, more than a share of ${limits.removedShare}`;
  }
  if (changed >= limits.atLeast && changed / staying > limits.rewrittenShare) {
    return `${changed} of ${staying} descriptions would change, more than a share of ${limits.rewrittenShare}`;
  }
  return undefined;
}
