import { describe, expect, test } from 'vitest';
import type { PageReport } from '../../../src/page/report.ts';
import { renderStatusPage, renderUnavailablePage } from '../../../src/page/status-page.ts';
import {
  at,
  failingReport,
  fineReport,
  heldReport,
  largestReport,
  nightlyRun,
} from '../../support/page-reports.ts';
import { read } from './read-page.ts';

const noChanges = { changes: [], leftOut: 0, runsNotListed: [] };
const nothing = { vdns: [], held: { plans: [], total: 0 }, runs: [], changes: noChanges };

test('the page answers in this order: trust, what needs a person, changes, runs, every VDN', () => {
  const page = renderStatusPage(fineReport());
  const headings = [...page.matchAll(/<h([12])[^>]*>(.*?)<\/h\1>/gs)].map((match) =>
    match[2]?.replace(/<[^>]*>/g, ''),
  );
  expect(headings).toEqual([
    'Today’s reports can be trusted: all 500 VDNs were verified within the last 36 h, the oldest 9 h ago.',
    'What needs a person',
    'What changed lately',
    'How the last 30 runs went',
    'Every VDN',
  ]);
});

test('the headline counts VDNs as the lists do, leads to them, and what fails comes before what is held', () => {
  const page = renderStatusPage(failingReport());
  const header = page.slice(page.indexOf('<header'), page.indexOf('</header>'));
  expect(header.replace(/<[^>]*>/g, '')).toContain('VDNs: 8 failing, 1 held, 27 stale.');
  expect([...header.matchAll(/href="#(\w+)"/g)].map(([, list]) => list)).toEqual([
    'failing',
    'held',
    'stale',
  ]);
  const lists = ['id="failing"', 'id="held"', 'id="stale"'].map((id) => page.indexOf(id));
  expect(lists).toEqual(lists.toSorted((a, b) => a - b));
  expect(lists[0]).toBeGreaterThan(0);
});

test('it says whose page it is: version, database, schema, the next run, times with UTC beside', () => {
  const page = read(renderStatusPage(fineReport()));
  expect(page).toContain('0.2.0 · database reports , schema obs · as of 2026-11-23 19:20 (11:20 UTC)');
  expect(page).toContain('Next run: 2026-11-24 02:15 (2026-11-23 18:15 UTC)');
  expect(page).toContain('Times are those of Asia/Shanghai.');
});

test('all that a source has held is one command', () => {
  const heldSources = [{ source: 'prod', vdns: 200, plans: 3, plan: '0123456789abcdef' }];
  expect(read(renderStatusPage({ ...heldReport(), heldSources }), 'needs-person')).toContain(
    'All that prod has held, 3 changes in 200 VDNs, is approved at once by obs-code-sync sync --approve 0123456789abcdef',
  );
});

test('the same report gives the same page', () => {
  expect(renderStatusPage(failingReport())).toBe(renderStatusPage(failingReport()));
});

describe('what needs a person', () => {
  const text = (report: PageReport) => read(renderStatusPage(report), 'needs-person');

  test('held: why, since when, what would remain, the difference folded, and the command that approves it', () => {
    const held = text(heldReport());
    expect(held).toContain('Held: 1 suspicious change in 4 VDNs');
    expect(held).toContain(
      'prod, VDN 25-27, 410 : 50 of 120 codes would be removed or rewritten, more than the limit of 20 % .',
    );
    expect(held).toContain(
      'Held since 2026-11-23 10:20 (02:20 UTC) , 9 h ago, run 88. The source would change the description of 2 codes, ' +
        'remove 48 codes: 120 codes now, 72 would remain.',
    );
    const page = renderStatusPage(heldReport());
    const article = page.slice(page.indexOf('<article'), page.indexOf('</article>'));
    // Every code of it is folded, the command is not.
    const folded = /<details>(.*)<\/details>/s.exec(article)?.[1] ?? '';
    expect(folded.match(/<th scope="row">/g)).toHaveLength(50);
    expect(article.replace(folded, '')).not.toContain('<th scope="row">');
    expect(article.replace(folded, '')).toContain('sync --approve');
    expect(held).toContain('changed 00605 was The switch is busy. now The trunk is busy.');
    expect(held).toContain('removed 00611 Outbound call ended for reason 1.');
    expect(held).toContain(
      'If that is right, approve it: obs-code-sync sync --approve 4f1d09c2ab7e3a58 --config /etc/obs-code-sync.yaml',
    );
  });

  test('failing: the message, since when, how often, and how old the codes are; alike VDNs in one row', () => {
    const rows = text(failingReport());
    expect(rows).toContain('Failing: 8 VDNs');
    expect(rows).toMatch(
      /backup, VDN 1-5 unauthorized the server answered 401: .* 2026-10-25 19:20 \(11:20 UTC\) 29 d ago, 30 times in a row never/,
    );
    expect(rows).toMatch(
      /prod, VDN 7, 12-13 incomplete-snapshot .* 2026-11-21 10:20 \(02:20 UTC\) 2 d ago, 3 times in a row 2 d ago, stale/,
    );
  });

  test('stale: the age, and why', () => {
    const rows = text(failingReport());
    expect(rows).toContain('Stale: 27 VDNs not verified for more than 36 h');
    expect(rows).toMatch(
      /backup, VDN 1-5 never failing, see above .*prod, VDN 441-459 3 d ago no run has read it since prod, VDN 7, 12-13 2 d ago failing, see above/,
    );
  });

  test('a run that ended early says why', () => {
    const errorMessage = 'the run was stopped by SIGTERM';
    const runs = [nightlyRun(8, 0, { status: 'interrupted', exitCode: 143, errorMessage })];
    expect(text(fineReport({ runs }))).toContain(`Run 8 was interrupted ${errorMessage}`);
  });

  test('a run that lost its database says so, and does not name it', () => {
    const errorMessage = 'the database db.example.com:5432/warehouse went away';
    const runs = [nightlyRun(8, 0, { status: 'failed', exitCode: 6, errorMessage })];
    const page = renderStatusPage(fineReport({ runs }));
    expect(read(page, 'needs-person')).toContain('Run 8 broke off The database went away during the run');
    expect(page).not.toContain('warehouse');
  });

  test('of very many differences and messages some are shown, and the command that shows all', () => {
    const rows = text(largestReport());
    expect(rows).toContain(
      'And 101 more changes; obs-code-sync status --json --config /etc/obs-code-sync.yaml lists all.',
    );
    expect(rows).toContain(
      'And 78 more VDNs with other messages; obs-code-sync status --json --config /etc/obs-code-sync.yaml lists all.',
    );
  });

  test('nothing has a sentence', () => {
    expect(text(fineReport())).toBe(
      'What needs a person Nothing: no VDN is held, failing, or unverified for more than 36 h.',
    );
  });
});

describe('what changed lately', () => {
  const text = (report: PageReport) => read(renderStatusPage(report), 'changes');

  test('by run, with old and new text, in all VDNs that had it', () => {
    const feed = text(fineReport());
    expect(feed).toContain('Run 88 2026-11-23 10:15 (02:15 UTC) , 9 h ago');
    expect(feed).toContain(
      'changed 00605 was The switch is busy . now The switch is busy or out of service . prod, VDN 25',
    );
    expect(feed).toContain('added 00721 The called party asked to be called back. prod, VDN 7');
    expect(feed).toContain('removed 00699 Reserved. prod, VDN 7');
    expect(feed).toContain('returned 00610 was Number barred. now The number is barred. prod, VDN 300-301');
    expect(feed).toContain('prod, VDN 101-112');
    expect(feed).toContain('first list 38 codes read for the first time prod, VDN 499');
  });

  test('what differs between two texts is marked, in whole words', () => {
    const page = renderStatusPage(fineReport());
    expect(page).toContain('The called party does not answer <del>the call</del>.');
    expect(page).toContain('The called party does not answer <ins>within 30 seconds</ins>.');
  });

  test('a run that changed too much to be listed is named with its numbers', () => {
    const codes = { added: 1_199_880, changed: 0, removed: 0, returned: 0 };
    const runs = [nightlyRun(2, 0), nightlyRun(1, 1, { codes })];
    expect(text(fineReport({ runs, changes: { ...noChanges, runsNotListed: runs.slice(1) } }))).toContain(
      'Run 1 changed 1,199,880 codes (1,199,880 added), too many to be listed here; obs-code-sync changes --since 2d --config /etc/obs-code-sync.yaml lists them.',
    );
  });

  test('no change has a sentence', () => {
    expect(text(fineReport({ changes: noChanges }))).toBe(
      'What changed lately The last 30 runs changed no code.',
    );
  });
});

describe('empty states have a sentence', () => {
  test('no run yet', () => {
    const text = read(renderStatusPage(fineReport(nothing)));
    expect(text).toContain('There is nothing to trust yet: no run has been made.');
    expect(text).toContain('The first run: obs-code-sync sync');
    expect(text).toContain('Nothing, since no run has been made yet.');
    expect(text).toContain('No VDN is known yet.');
  });

  test('no VDN', () => {
    const text = read(renderStatusPage(fineReport({ ...nothing, runs: [nightlyRun(1, 0)] })));
    expect(text).toContain('There is nothing to trust yet: no VDN is configured.');
    expect(text).toContain('The one run so far changed no code.');
  });

  test('database away', () => {
    const text = read(renderUnavailablePage('database-unreachable', fineReport(), at));
    expect(text).toContain(
      'Whether today’s reports can be trusted is not known: the database cannot be reached.',
    );
    expect(text).toContain('as of 2026-11-23 19:20 (11:20 UTC)');
    expect(text).toContain('obs-code-sync check');
  });
});
