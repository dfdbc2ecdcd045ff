import { renderStatusPage, renderUnavailablePage } from '../../src/page/status-page.ts';
import {
  at,
  failing,
  failingReport,
  fineReport,
  heldEntry,
  heldReport,
  largestReport,
  thirtyNights,
  vdn,
  vdns,
} from '../support/page-reports.ts';

const hour = 3_600_000;
const shortDifference = heldEntry().difference.slice(0, 6);

/** Two sources with so few VDNs that each has its number, one in each state. */
const few = fineReport({
  vdns: [
    vdn(1, { source: 'backup' }),
    vdn(2, { source: 'backup', ageMs: 33 * hour }),
    vdn(3, { source: 'backup', ageMs: 80 * hour }),
    vdn(4, { source: 'backup', ageMs: null, codeCount: 0 }),
    vdn(5, { source: 'backup', held: true, ageMs: 33 * hour }),
    vdn(6, { source: 'backup', ...failing }),
    vdn(1),
    vdn(25),
    ...Array.from({ length: 21 }, (_, index) => vdn(100 + index)),
  ],
  held: { plans: [heldEntry({ source: 'backup', vdnIds: [5], difference: shortDifference })], total: 1 },
  runs: thirtyNights().slice(0, 8),
});

/** The morning that the README shows. */
const overview = fineReport({
  vdns: vdns(500, (vdnId) => {
    if (vdnId === 7 || vdnId === 12 || vdnId === 13) return { ...failing, ageMs: 2 * 24 * hour + 9 * hour };
    if (vdnId === 25 || vdnId === 410) return { held: true, ageMs: 33 * hour };
    return vdnId > 440 && vdnId < 460 ? { ageMs: 33 * hour } : {};
  }),
  held: { plans: [heldEntry({ vdnIds: [25, 410], difference: shortDifference })], total: 1 },
  runs: heldReport().runs,
});

const empty = fineReport({
  vdns: [],
  runs: [],
  changes: { changes: [], leftOut: 0, runsNotListed: [] },
});

/** The states of the page, as documents. */
export const states = {
  fine: renderStatusPage(fineReport()),
  held: renderStatusPage(heldReport()),
  failing: renderStatusPage(failingReport()),
  few: renderStatusPage(few),
  empty: renderStatusPage(empty),
  away: renderUnavailablePage('database-unreachable', fineReport(), at),
  largest: renderStatusPage(largestReport()),
  overview: renderStatusPage(overview),
};
