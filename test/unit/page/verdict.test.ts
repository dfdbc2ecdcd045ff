import { expect, test } from 'vitest';
import type { PageReport } from '../../../src/page/report.ts';
import { countInWords, verdict } from '../../../src/page/verdict.ts';
import { ago, failing, fineReport, nightlyRun, vdn, vdns } from '../../support/page-reports.ts';

const hour = 3_600_000;
const quiet = { runs: [nightlyRun(8, 0)] };
const held = { held: true, ageMs: 33 * hour };
const stale = { ageMs: 50 * hour };
const never = { ageMs: null };

const cases: [string, Partial<PageReport>, string, string][] = [
  [
    'every VDN was verified last night',
    { vdns: vdns(500), ...quiet },
    'good',
    'Today’s reports can be trusted: all 500 VDNs were verified within the last 36 h, the oldest 9 h ago.',
  ],
  [
    'there is one VDN',
    { vdns: [vdn(1)], ...quiet },
    'good',
    'Today’s reports can be trusted: the one VDN was verified within the last 36 h, 9 h ago.',
  ],
  [
    'some are failing, but were verified of late',
    { vdns: vdns(9, (id) => (id < 3 ? { ...failing, ageMs: 33 * hour } : {})), ...quiet },
    'partly',
    'Today’s reports can be trusted: all 9 VDNs were verified within the last 36 h, the oldest 1 d 9 h ago; 2 failing.',
  ],
  [
    'the last run was interrupted',
    {
      vdns: vdns(9),
      runs: [
        nightlyRun(8, 0, { status: 'running', finishedAt: null }),
        nightlyRun(7, 1, { status: 'interrupted' }),
      ],
    },
    'partly',
    'Today’s reports can be trusted: all 9 VDNs were verified within the last 36 h, the oldest 9 h ago, but the last run was interrupted 1 d 9 h ago.',
  ],
  [
    'the last run failed as a whole',
    { vdns: vdns(9), runs: [nightlyRun(8, 0, { status: 'failed' })] },
    'partly',
    'Today’s reports can be trusted: all 9 VDNs were verified within the last 36 h, the oldest 9 h ago, but the last run failed 9 h ago.',
  ],
  [
    'the last run skipped some',
    {
      vdns: vdns(9),
      runs: [
        nightlyRun(8, 0, {
          vdns: { total: 9, unchanged: 3, changed: 0, failed: 5, held: 0, skipped: 1, fresh: 0 },
        }),
      ],
    },
    'partly',
    'Today’s reports can be trusted: all 9 VDNs were verified within the last 36 h, the oldest 9 h ago, but the last run skipped 1 VDN.',
  ],
  [
    'some are held',
    { vdns: vdns(500, (id) => (id < 5 ? held : {})), ...quiet },
    'partly',
    'Today’s reports can be trusted except for 4 of 500 VDNs: 4 held.',
  ],
  [
    'one is stale',
    { vdns: vdns(500, (id) => (id === 7 ? stale : {})), ...quiet },
    'partly',
    'Today’s reports can be trusted except for 1 of 500 VDNs: 1 stale.',
  ],
  [
    'some are held, never verified, stale and failing',
    {
      vdns: vdns(500, (id) => (id === 1 ? held : id === 2 ? { ...failing, ...never } : id < 6 ? stale : {})),
      ...quiet,
    },
    'partly',
    'Today’s reports can be trusted except for 5 of 500 VDNs: 1 failing, 1 held, 4 stale.',
  ],
  [
    'most are stale',
    { vdns: vdns(10, (id) => (id > 3 ? stale : {})), ...quiet },
    'bad',
    'Today’s reports cannot be trusted for 7 of 10 VDNs: 7 stale.',
  ],
  [
    'all are stale',
    { vdns: vdns(10, () => stale), ...quiet },
    'bad',
    'Today’s reports cannot be trusted for any of 10 VDNs: 10 stale.',
  ],
  [
    'the only VDN was never verified',
    { vdns: [vdn(1, never)], ...quiet },
    'bad',
    'Today’s reports cannot be trusted for the only VDN: 1 stale.',
  ],
  [
    'no run has been made',
    { vdns: [], runs: [] },
    'unknown',
    'There is nothing to trust yet: no run has been made.',
  ],
  [
    'no VDN is configured',
    { vdns: [], ...quiet },
    'unknown',
    'There is nothing to trust yet: no VDN is configured.',
  ],
];

test.each(cases)('where %s', (_, report, trust, sentence) => {
  const { begin, counts, end, ...rest } = verdict(fineReport(report));
  const text = `${begin}${counts.map(countInWords).join(', ')}${end}`;
  expect({ ...rest, sentence: text }).toEqual({ trust, sentence });
});

test('a hundred thousand VDNs of several servers are possible', () => {
  const many = vdns(100_000);
  expect(verdict(fineReport({ vdns: many, runs: [nightlyRun(1, 0, { finishedAt: ago(0) })] })).trust).toBe(
    'good',
  );
});
