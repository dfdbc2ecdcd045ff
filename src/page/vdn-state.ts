import type { VdnEntry } from '../store/status.ts';

/** How a VDN is shown, the most urgent first. */
export const vdnStates = ['failing', 'held', 'never', 'stale', 'ageing', 'fresh'] as const;
export type VdnState = (typeof vdnStates)[number];

/**
 * A VDN that was passed over last night shows before it is stale: of the default of 36 h, two thirds are the day
 * after which the next night is due.
 */
export const ageingShare = 2 / 3;

export function vdnState({ failing, held, stale, ageMs }: VdnEntry, staleAfterMs: number): VdnState {
  if (failing) return 'failing';
  if (held) return 'held';
  if (ageMs === null) return 'never';
  if (stale) return 'stale';
  return ageMs > staleAfterMs * ageingShare ? 'ageing' : 'fresh';
}
