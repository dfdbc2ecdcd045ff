/**
 * The outcomes of a VDN in a run. Everything with a column, a metric, a label or a word per outcome is typed by this
 * list, so that a new outcome does not compile before they all have it.
 *
 * `unchanged`, `changed` and `held` were read whole; `failed` were tried; `skipped` and `fresh` were not.
 */
export const vdnOutcomes = ['unchanged', 'changed', 'failed', 'held', 'skipped', 'fresh'] as const;
export type VdnOutcome = (typeof vdnOutcomes)[number];

/** Those that a VDN's own row remembers as its last: it was tried. */
export type TriedOutcome = Exclude<VdnOutcome, 'skipped' | 'fresh'>;

/** How many VDNs had each outcome; adds up to the total. */
export type VdnCounts = Readonly<Record<'total' | VdnOutcome, number>>;
