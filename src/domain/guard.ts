import { countChanges, type Difference } from './diff.ts';

interface RemovalLimits {
  /** Hold where more than this share of the active codes would be removed, 0 to 1 … */
  readonly removedShare: number;
  /** … and at least this many codes are concerned. */
  readonly atLeast: number;
}

/** When a change is too large to be believed without a person; see `guard` in the configuration. */
export interface GuardLimits extends RemovalLimits {
  /** Hold where more than this share of the descriptions that stay would be rewritten. */
  readonly rewrittenShare: number;
  /** The same over all VDNs of a source that a run has read. */
  readonly source: RemovalLimits;
}

/** The VDNs of a source that lose codes, taken together. */
export interface SourceLosses {
  /** How many VDNs lose codes. */
  readonly vdns: number;
  /** Codes that they lose, without approved ones. */
  readonly removed: number;
  /** Active codes before, of all VDNs of the source that are verified, fresh or lose codes. */
  readonly active: number;
}

/**
 * Why a VDN's difference must be approved before it is applied: a sentence without its full stop, or undefined where
 * it need not be. An empty list where codes are active is held at any limits; a VDN without an active code is never
 * suspicious.
 */
export function suspicion(
  { activeBefore, changes }: Difference,
  limits: Omit<GuardLimits, 'source'>,
): string | undefined {
  const { changed, removed, added, returned } = countChanges(changes);
  const staying = activeBefore - removed;
  if (activeBefore > 0 && staying + added + returned === 0) {
    return `the list is empty where ${activeBefore} codes are active`;
  }
  if (exceeds(removed, activeBefore, limits.removedShare, limits.atLeast)) {
    return `${removed} of ${activeBefore} codes would be removed, ${moreThan(limits.removedShare)}`;
  }
  if (exceeds(changed, staying, limits.rewrittenShare, limits.atLeast)) {
    return `${changed} of ${staying} descriptions would change, ${moreThan(limits.rewrittenShare)}`;
  }
  return undefined;
}

/**
 * Why every VDN of a source that loses codes must be approved, in the same form; its caller names the source. A server
 * that ignores which VDN it is asked for takes a few codes from each, and trips no VDN's own limit. One VDN alone is
 * judged by its own.
 */
export function sourceSuspicion(
  { vdns, removed, active }: SourceLosses,
  limits: RemovalLimits,
): string | undefined {
  if (vdns < 2 || !exceeds(removed, active, limits.removedShare, limits.atLeast)) return undefined;
  return `${removed} of ${active} codes would be removed from ${vdns} VDNs, ${moreThan(limits.removedShare)}`;
}

function exceeds(count: number, whole: number, share: number, atLeast: number): boolean {
  return count >= atLeast && count / whole > share;
}

function moreThan(share: number): string {
  return `more than the limit of ${Number((share * 100).toPrecision(10))} %`;
}
