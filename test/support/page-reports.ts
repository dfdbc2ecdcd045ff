import type { Change } from '../../src/domain/diff.ts';
import type { PageReport } from '../../src/page/report.ts';
import type { HeldEntry } from '../../src/store/held-plans.ts';
import type { RecentChange } from '../../src/store/recent-changes.ts';
import type { RunEntry, VdnEntry } from '../../src/store/status.ts';

const hour = 3_600_000;
const day = 24 * hour;
export const at = new Date('2026-11-23T11:20:00Z');
export const ago = (ms: number) => new Date(at.getTime() - ms);

/** A VDN that was verified last night. */
export function vdn(vdnId: number, entry: Partial<VdnEntry> = {}): VdnEntry {
  const ageMs = entry.ageMs === undefined ? 9 * hour + vdnId * 20 : entry.ageMs;
  return {
    source: 'prod',
    vdnId,
    codeCount: 120,
    lastVerifiedAt: ageMs === null ? null : ago(ageMs),
    ageMs,
    stale: ageMs === null || ageMs > 36 * hour,
    ...{ failing: false, failingSince: null, consecutiveFailures: 0, errorCode: null, errorMessage: null },
    held: false,
    heldReason: entry.held
      ? '50 of 120 codes would be removed or rewritten, more than the limit of 20 %'
      : null,
    ...entry,
  };
}

export const failing: Partial<VdnEntry> = {
  failing: true,
  failingSince: ago(2 * day + 9 * hour),
  consecutiveFailures: 3,
  errorCode: 'incomplete-snapshot',
  errorMessage:
    'the list could not be read whole: page 1 stated 120 codes, page 3 119; the list changes while it is read. ' +
    'It is read again by the next run.',
};

/** As many VDNs as asked for, counted from 1. */
export function vdns(length: number, entryOf: (vdnId: number) => Partial<VdnEntry> = () => ({})): VdnEntry[] {
  return Array.from({ length }, (_, index) => vdn(index + 1, entryOf(index + 1)));
}

/** A nightly run that went well and changed nothing. */
export function nightlyRun(runId: number, nightsAgo: number, entry: Partial<RunEntry> = {}): RunEntry {
  const startedAt = ago(nightsAgo * day + 9 * hour + 5 * 60_000);
  return {
    runId,
    startedAt,
    finishedAt: new Date(startedAt.getTime() + 290_000 + ((runId * 7919) % 60_000)),
    status: 'succeeded',
    trigger: 'schedule',
    exitCode: 0,
    errorMessage: null,
    vdns: { total: 500, unchanged: 500, changed: 0, failed: 0, held: 0, skipped: 0, fresh: 0 },
    codes: { added: 0, changed: 0, removed: 0, returned: 0 },
    requests: 1500,
    done: null,
    ...entry,
  };
}

const codes = (entry: Partial<RunEntry['codes']>) => ({
  added: 0,
  changed: 0,
  removed: 0,
  returned: 0,
  ...entry,
});
const outcomes = (entry: Partial<RunEntry['vdns']>) => ({
  ...{ total: 500, unchanged: 500, changed: 0, failed: 0, held: 0, skipped: 0, fresh: 0 },
  ...entry,
});

/** Thirty ordinary nights of a contact centre, newest first. */
export function thirtyNights(): RunEntry[] {
  const particular: Readonly<Record<number, Partial<RunEntry>>> = {
    0: { codes: codes({ added: 1, changed: 2, removed: 1 }), vdns: outcomes({ unchanged: 497, changed: 3 }) },
    2: { codes: codes({ changed: 12 }), vdns: outcomes({ unchanged: 488, changed: 12 }) },
    3: { status: 'partial', exitCode: 3, vdns: outcomes({ unchanged: 496, failed: 4 }), requests: 1530 },
    7: { codes: codes({ added: 40, returned: 2 }), vdns: outcomes({ unchanged: 460, changed: 40 }) },
    11: {
      status: 'interrupted',
      finishedAt: ago(11 * day + 9 * hour),
      vdns: outcomes({ unchanged: 210, skipped: 290 }),
      requests: 640,
    },
    16: {
      status: 'failed',
      finishedAt: ago(16 * day + 9 * hour + 4 * 60_000),
      exitCode: 5,
      vdns: outcomes({ unchanged: 0, failed: 5, skipped: 495 }),
      requests: 20,
    },
    21: { codes: codes({ changed: 7 }), vdns: outcomes({ unchanged: 493, changed: 7 }) },
    27: { status: 'partial', exitCode: 4, vdns: outcomes({ unchanged: 498, held: 2 }) },
  };
  return Array.from({ length: 30 }, (_, night) => nightlyRun(88 - night, night, particular[night]));
}

const recentChanges: readonly RecentChange[] = [
  {
    ...{ runId: 88, source: 'prod', vdnIds: [25], codes: 1, kind: 'changed', obsCode: '00605' },
    before: 'The switch is busy.',
    after: 'The switch is busy or out of service.',
  },
  {
    ...{ runId: 88, source: 'prod', vdnIds: [7], codes: 1, kind: 'added', obsCode: '00721' },
    ...{ before: null, after: 'The called party asked to be called back.' },
  },
  {
    ...{ runId: 88, source: 'prod', vdnIds: [7], codes: 1, kind: 'removed', obsCode: '00699' },
    ...{ before: 'Reserved.', after: null },
  },
  {
    ...{ runId: 86, source: 'prod', vdnIds: Array.from({ length: 12 }, (_, i) => 101 + i), codes: 12 },
    ...{ kind: 'changed', obsCode: '00603' },
    before: 'The called party does not answer the call.',
    after: 'The called party does not answer within 30 seconds.',
  },
  {
    ...{ runId: 81, source: 'prod', vdnIds: [300, 301], codes: 2, kind: 'returned', obsCode: '00610' },
    ...{ before: 'Number barred.', after: 'The number is barred.' },
  },
  {
    ...{ runId: 81, source: 'prod', vdnIds: [499], codes: 38, kind: 'initial', obsCode: null },
    ...{ before: null, after: null },
  },
];

/** The difference of a source that has lost most of a list. */
export function heldEntry(entry: Partial<HeldEntry> = {}): HeldEntry {
  const removed = Array.from(
    { length: 48 },
    (_, index): Change => ({
      kind: 'removed',
      obsCode: String(611 + index).padStart(5, '0'),
      before: `Outbound call ended for reason ${index + 1}.`,
      after: null,
    }),
  );
  const difference: Change[] = [
    { kind: 'changed', obsCode: '00602', before: 'No resource available on the ACD.', after: null },
    { kind: 'changed', obsCode: '00605', before: 'The switch is busy.', after: 'The trunk is busy.' },
    ...removed,
  ];
  return {
    plan: '4f1d09c2ab7e3a58',
    source: 'prod',
    vdnIds: [25, 26, 27, 410],
    heldSince: ago(9 * hour),
    runId: 88,
    reason: '50 of 120 codes would be removed or rewritten, more than the limit of 20 %',
    difference,
    ...entry,
  };
}

/** A quiet morning with 500 VDNs. */
export function fineReport(report: Partial<PageReport> = {}): PageReport {
  return {
    at,
    staleAfterMs: 36 * hour,
    invocation: { program: 'obs-code-sync', options: ' --config /etc/obs-code-sync.yaml' },
    timezone: 'Asia/Shanghai',
    nextRun: new Date('2026-11-23T18:15:00Z'),
    ...{ version: '0.2.0', database: { name: 'reports', schema: 'obs' }, heldSources: [] },
    vdns: vdns(500),
    held: { plans: [], total: 0 },
    runs: thirtyNights(),
    changes: { changes: recentChanges, leftOut: 0, runsNotListed: [] },
    ...report,
  };
}

/** A morning on which the source seems to have lost most of four lists. */
export function heldReport(): PageReport {
  const entry = heldEntry();
  const [last, ...earlier] = thirtyNights();
  const run = { ...last, status: 'partial', exitCode: 4 } as RunEntry;
  return fineReport({
    vdns: vdns(500, (vdnId) => (entry.vdnIds.includes(vdnId) ? { held: true, ageMs: 33 * hour } : {})),
    held: { plans: [entry], total: 1 },
    runs: [run, ...earlier],
  });
}

/** A morning after bad nights: some lists cannot be read, some were not tried, one source has never answered. */
export function failingReport(): PageReport {
  const main = vdns(500, (vdnId) => {
    if ([7, 12, 13].includes(vdnId)) return { ...failing, ageMs: 2 * day + 9 * hour };
    if (vdnId > 440 && vdnId < 460) return { ageMs: 3 * day + 9 * hour };
    if (vdnId > 470) return { ageMs: 33 * hour };
    return vdnId === 25 ? { held: true, ageMs: 33 * hour } : {};
  });
  const backup = [1, 2, 3, 4, 5].map((vdnId) =>
    vdn(vdnId, {
      ...{ ...failing, source: 'backup', ageMs: null, codeCount: 0, consecutiveFailures: 30 },
      failingSince: ago(29 * day),
      errorCode: 'unauthorized',
      errorMessage:
        'the server answered 401: it does not take the signature. Check accessKey and secretKey; its clock and ' +
        'this one differ by 7 min.',
    }),
  );
  const [last, ...earlier] = thirtyNights();
  const run = { ...last, status: 'partial', exitCode: 3, codes: codes({}) } as RunEntry;
  return fineReport({
    vdns: [...backup, ...main],
    held: {
      plans: [heldEntry({ vdnIds: [25], difference: heldEntry().difference.slice(0, 9) })],
      total: 1,
    },
    runs: [run, ...earlier],
  });
}

/** As large as a page may get: every VDN that the interface knows, thirty busy nights, much held and failing. */
export function largestReport(): PageReport {
  const runs = thirtyNights().map((run) => ({
    ...run,
    vdns: outcomes({ total: 9999, unchanged: 9000, changed: 900, held: 99 }),
  }));
  return fineReport({
    vdns: vdns(9999, (vdnId) => {
      if (vdnId % 97 === 0) return { ...failing, errorMessage: `${failing.errorMessage} (VDN ${vdnId})` };
      if (vdnId % 89 === 0) return { held: true, ageMs: 33 * hour };
      if (vdnId >= 4300 && vdnId < 4450) return { ageMs: 4 * day };
      return vdnId > 9800 ? { ageMs: null, codeCount: 0 } : {};
    }),
    held: {
      plans: Array.from({ length: 10 }, (_, index) =>
        heldEntry({ plan: String(index).padStart(16, 'a'), vdnIds: [89 * (index + 1)] }),
      ),
      total: 111,
    },
    runs,
    changes: {
      changes: Array.from(
        { length: 60 },
        (_, index) => ({ ...recentChanges[index % 5], runId: 88 - Math.floor(index / 20) }) as RecentChange,
      ),
      leftOut: 400,
      runsNotListed: [],
    },
  });
}
