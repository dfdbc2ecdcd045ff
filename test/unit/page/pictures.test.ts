import { describe, expect, test } from 'vitest';
import { renderStatusPage } from '../../../src/page/status-page.ts';
import { ago, failing, fineReport, nightlyRun, vdn, vdns } from '../../support/page-reports.ts';
import { read } from './read-page.ts';

const hour = 3_600_000;
const noChanges = { changes: [], leftOut: 0, runsNotListed: [] };

describe('how the runs went', () => {
  test('one bar of duration for each run, one of changes for each that changed something, by outcome', () => {
    const page = renderStatusPage(fineReport());
    const bars = page.slice(
      page.indexOf('<svg class="bars"'),
      page.indexOf('<ul class="legend">', page.indexOf('<svg class="bars"')),
    );
    const statuses = [...bars.matchAll(/<svg class="run (\w+)" x=/g)].map((match) => match[1]);
    expect(statuses).toHaveLength(30);
    expect(statuses[0]).toBe('succeeded');
    expect(Map.groupBy(statuses, (status) => status).get('partial')).toHaveLength(2);
    expect(bars.match(/<rect class="bar" x=/g)).toHaveLength(30 + 4);
    expect(bars).toContain(
      '<title>Run 88, 2026-11-23 10:15 (02:15 UTC): succeeded after 5 min 26 s. VDNs: 497 unchanged, 3 changed. ' +
        'Codes: 1 added, 2 changed, 1 removed. 1,500 requests.</title>',
    );
  });

  test('the longest run has the longest bar, and none is too short to be seen', () => {
    const run = (runId: number, seconds: number) =>
      nightlyRun(runId, 9 - runId, {
        finishedAt: new Date(nightlyRun(runId, 9 - runId).startedAt.getTime() + seconds * 1000),
      });
    const page = renderStatusPage(
      fineReport({ runs: [run(3, 600), run(2, 300), run(1, 0)], changes: noChanges }),
    );
    const heights = [...page.matchAll(/<rect class="bar" x="20%" width="60%" y="\d+" height="(\d+)"/g)].map(
      (match) => Number(match[1]),
    );
    expect(heights).toEqual([2, 36, 72]);
  });

  test('the picture has a text in its place, and all its figures are in a table', () => {
    const page = renderStatusPage(fineReport());
    expect(page).toContain(
      'role="img" aria-label="Bars of duration and changed codes of 30 runs, oldest first.',
    );
    expect(read(page, 'runs')).toContain(
      '72 2026-11-07 10:15 (02:15 UTC) 1 min failed 5 failed, 495 skipped none 20',
    );
  });

  test('a run under way says how far it is; one run is a sentence and no chart', () => {
    const vdns = { total: 9999, unchanged: 0, changed: 0, failed: 0, held: 0, skipped: 9999, fresh: 0 };
    const running = {
      status: 'running',
      startedAt: ago(5 * 60_000),
      finishedAt: null,
      done: 4210,
      vdns,
    } as const;
    const page = renderStatusPage(fineReport({ runs: [nightlyRun(9, 0, running)] }));
    expect(read(page, 'runs')).toBe(
      'How the only run went Run 9, 2026-11-23 19:15 (11:15 UTC): under way for 5 min, 4,210 of 9,999 VDNs done.',
    );
    expect(page).not.toContain('<svg class="bars"');
    expect(read(page)).toContain('Run 9 under way for 5 min, 4,210 of 9,999 VDNs done');
  });
});

describe('every VDN', () => {
  const cells = (page: string) => [...page.matchAll(/<input ([^>]*)>/g)].map((match) => match[1] ?? '');

  test.each([[3], [300], [301], [9999]])(
    'of %i VDNs each has its figures, in groups of at most a hundred where there are many',
    (number) => {
      const all = cells(renderStatusPage(fineReport({ vdns: vdns(number) })));
      const labels = all.map((cell) => /aria-label="([^"]*)"/.exec(cell)?.[1]);
      expect(labels).toEqual(vdns(number).map(({ vdnId }) => `VDN ${vdnId}: 120 codes, 9 h ago`));
      const groups = Map.groupBy(all, (cell) => /name=([\w-]+)/.exec(cell)?.[1]);
      expect(groups.size).toBe(number <= 300 ? 1 : Math.floor(number / 100) + 1);
    },
  );

  test('its state stands in its figures and in its colour', () => {
    const states = [{}, { ageMs: 33 * hour }, { ageMs: 40 * hour }, { ageMs: null }, { held: true }, failing];
    const page = renderStatusPage(fineReport({ vdns: states.map((entry, index) => vdn(index + 1, entry)) }));
    expect(
      cells(page).map((cell) => cell.replace(/value="\d+" |type=radio name=0 |aria-label=/g, '')),
    ).toEqual(
      [
        'class=f "VDN 1: 120 codes, 9 h ago"',
        'class=a "VDN 2: 120 codes, 1 d 9 h ago"',
        'class=s "VDN 3: 120 codes, 1 d 16 h ago"',
        'class=n "VDN 4: 120 codes, never verified"',
        'class=h "VDN 5: 120 codes, 9 h ago, held: 50 of 120 codes would be removed or rewritten, more than the limit of 20 %"',
        expect.stringMatching(
          /^class=x "VDN 6: 120 codes, 9 h ago, failing \(incomplete-snapshot\): the list could not be read whole: .*…"$/,
        ),
      ].map((cell, index) => (index === 0 ? String(cell).replace('class=f ', '') : cell)),
    );
  });

  test('a dot stands at the place of its number, with gaps where none is configured', () => {
    const page = renderStatusPage(
      fineReport({ vdns: vdns(400).filter(({ vdnId }) => vdnId < 103 || vdnId > 104) }),
    );
    const row = page.slice(page.indexOf('aria-label="prod, 100 to 199"'));
    expect(row.match(/VDN 102:[^>]*><i><\/i><i><\/i><input[^>]*VDN 105:/)).not.toBeNull();
  });

  test('sources stand apart, also where they have the same VDNs', () => {
    const page = renderStatusPage(fineReport({ vdns: [vdn(1, { source: 'backup' }), vdn(1)] }));
    expect(cells(page).map((cell) => /name=(\w+)/.exec(cell)?.[1])).toEqual(['0', '2s']);
    expect(read(page, 'map')).toMatch(/backup 1 VDN.*prod 1 VDN/);
  });
});
