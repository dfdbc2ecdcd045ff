import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { pageHeaders } from '../../../src/page/html.ts';
import { renderStatusPage, renderUnavailablePage } from '../../../src/page/status-page.ts';
import {
  at,
  failing,
  failingReport,
  fineReport,
  heldEntry,
  largestReport,
  nightlyRun,
  vdn,
  vdns,
} from '../../support/page-reports.ts';

const hour = 3_600_000;
const noChanges = { changes: [], leftOut: 0, runsNotListed: [] };
const nothing = { vdns: [], held: { plans: [], total: 0 }, runs: [], changes: noChanges };

describe('the page is one file that loads, runs and sends nothing', () => {
  const pages: [string, string][] = [
    ['fine', renderStatusPage(fineReport())],
    ['failing', renderStatusPage(failingReport())],
    ['empty', renderStatusPage(fineReport(nothing))],
    ['away', renderUnavailablePage('database-unusable', fineReport(), at)],
  ];

  test.each(pages)('%s: no script, no handler, no style attribute, no address', (_, page) => {
    expect(page).not.toMatch(/<(script|iframe|object|embed|img|form|base)\b/i);
    expect(page).not.toMatch(/\s(on\w+|style|src|action|srcset)\s*=/i);
    expect(page).not.toMatch(/@import|url\(/);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(links[0]).toMatch(/^data:image\/svg\+xml,/);
    // Within the page, and to something that is there.
    for (const link of links.slice(1)) expect(page).toContain(` id="${link?.replace(/^#/, '')}"`);
  });

  test.each(pages)('%s: the policy admits its style sheet and nothing else', (_, page) => {
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = pageHeaders['content-security-policy'];
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    // A file has no headers: it carries the same, but for framing, which only a header can forbid.
    const meta = /http-equiv="Content-Security-Policy" content="([^"]*)"/
      .exec(page)?.[1]
      ?.replaceAll('&#39;', "'");
    expect(`${meta}; frame-ancestors 'none'`).toBe(policy);
  });
});

test('every text of the source, the configuration and the database is shown as text', () => {
  const evil = `</style><script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e&lt;`;
  const shown =
    '&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202e}&amp;lt;';
  const change = { kind: 'changed', obsCode: evil, before: evil, after: `${evil}!` } as const;
  const page = renderStatusPage(
    fineReport({
      invocation: { program: evil, options: evil },
      version: evil,
      database: { name: evil, schema: evil },
      heldSources: [{ source: evil, vdns: 2, plans: 2, plan: evil }],
      vdns: [
        vdn(1, { ...failing, source: evil, errorMessage: evil }),
        ...vdns(2, () => ({ source: evil, ageMs: null })),
      ],
      held: {
        plans: [heldEntry({ source: evil, plan: evil, reason: evil, difference: [change] })],
        total: 1,
      },
      runs: [nightlyRun(1, 0, { errorMessage: evil })],
      changes: { ...noChanges, changes: [{ ...change, runId: 1, source: evil, vdnIds: [1], codes: 1 }] },
    }),
  );
  expect(page).not.toMatch(/<script|<img/);
  expect(page.match(/<\/style>/g)).toHaveLength(1);
  expect(page.split(shown).length).toBeGreaterThan(15);
  const strange = [...page.matchAll(/<\/?([a-z0-9]+)/g)]
    .map((match) => match[1])
    .filter((name) => name === 'script' || name === 'img');
  expect(strange).toEqual([]);
});

test.each([
  ['busy nights', largestReport()],
  [
    'every VDN failing',
    { ...largestReport(), vdns: vdns(9999, () => ({ ...failing, ageMs: 3 * 24 * hour })) },
  ],
  ['every VDN held', { ...largestReport(), vdns: vdns(9999, () => ({ held: true, ageMs: 33 * hour })) }],
  [
    'every other VDN stale',
    { ...largestReport(), vdns: vdns(9999, (id) => (id % 2 ? {} : { ageMs: 40 * hour })) },
  ],
  [
    'VDNs in three kinds of trouble, and none in common',
    {
      ...largestReport(),
      vdns: vdns(9999, (id) => {
        const trouble = [{ ...failing, held: true, errorMessage: `${id}` }, { ageMs: null }, { held: true }][
          id % 3
        ];
        return { ageMs: (40 + id) * 3_600_000, ...trouble, codeCount: 1_000 + id };
      }),
    },
  ],
])('with 9,999 VDNs and 30 runs it stays under 1 MB: %s', (_, report) => {
  const bytes = Buffer.byteLength(renderStatusPage(report));
  expect(bytes).toBeGreaterThan(500_000);
  expect(bytes).toBeLessThan(1_000_000);
});

describe('colours', () => {
  const style = /<style>(.*?)<\/style>/s.exec(renderStatusPage(fineReport()))?.[1] ?? '';
  const blocks = [...style.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1] ?? '');
  const colours = (block: string) =>
    new Map([...block.matchAll(/--([\w-]+): (#\w+)/g)].map((match) => [match[1], luminance(match[2] ?? '')]));
  const light = colours(blocks[0] ?? '');
  const schemes: [string, ReadonlyMap<string | undefined, number>][] = [
    ['light', light],
    ['dark', new Map([...light, ...colours(blocks[1] ?? '')])],
  ];

  test.each(schemes)(
    '%s: each state stands out from the page at 3 to 1, each text at 4.5 to 1',
    (_, scheme) => {
      const contrast = (one: string, other: string) => {
        const [low = 0, high = 0] = [scheme.get(one) ?? 0, scheme.get(other) ?? 0].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      };
      const figures = ['fresh', 'stale', 'held', 'failing', 'never', 'unknown'].map(
        (name) => [name, 'page', 3] as const,
      );
      const texts = ['good', 'partly', 'bad', 'unknown'].flatMap((name) => [
        [name, 'page', 4.5] as const,
        [name, `${name}-soft`, 4.5] as const,
        ['quiet', `${name}-soft`, 4.5] as const,
      ]);
      const rest = [
        ['text', 'page', 7],
        ['text', 'soft', 7],
        ['text', 'del', 4.5],
        ['text', 'ins', 4.5],
        ['page', 'failing', 4.5],
      ] as const;
      const weak = [...figures, ...texts, ...rest].filter(
        ([one, other, least]) => contrast(one, other) < least,
      );
      expect(weak.map(([one, other]) => `${one} on ${other}: ${contrast(one, other)}`)).toEqual([]);
    },
  );
});

/** Relative luminance as WCAG defines it, of `#rrggbb` or `#rgb`. */
function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.replace(/\w/g, '$&$&') : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((from) => Number.parseInt(digits.slice(from, from + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
