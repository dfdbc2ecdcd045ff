import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, open, screenshots } from './browser.ts';
import { states } from './states.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Findings of axe, by rule and element, with its default rules: WCAG A and AA and good practice. Off is the size of
 * targets (AA of 2.2): the cells of a map of thousands are small because they are a map.
 */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results: AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  expect(results.passes.length).toBeGreaterThan(10);
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`),
  );
}

const looks = [
  { scheme: 'light', width: 1200 },
  { scheme: 'dark', width: 1200 },
  { scheme: 'light', width: 390 },
  { scheme: 'dark', width: 800 },
] as const;

describe.each(Object.entries(states))('%s', (name, document) => {
  test.each(looks)(
    '$scheme, $width pixels wide: whole, accessible, and nothing to complain of',
    async ({ scheme, width }) => {
      const { page, requests, complaints, address } = await open(browser, document, {
        colorScheme: scheme,
        viewport: { width, height: 900 },
      });
      await page.screenshot({
        path: path.join(screenshots, `${name}-${scheme}-${width}.png`),
        fullPage: true,
      });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      // Ten thousand cells take axe half a minute, and differ from hundreds in nothing that it sees: once is enough.
      if (name !== 'largest' || (width === 1200 && scheme === 'light'))
        expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([address]);
    },
  );
});

/** Folds the map where there are very many VDNs. */
const mapSummary = 'section[aria-labelledby="map"] summary';

describe('without JavaScript', () => {
  const figuresOf = (page: Page, selector: string) =>
    page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)}), '::after').content`);

  test('the pointer shows the figures of the cell that it is on', async () => {
    const { page } = await open(browser, states.largest, { javaScriptEnabled: false });
    await page.click(mapSummary);
    const cell = 'input[aria-label^="VDN 97:"]';
    expect(await figuresOf(page, cell)).toBe('none');
    await page.hover(cell);
    expect(await figuresOf(page, cell)).toMatch(
      /^"VDN 97: 120 codes, 9 h ago, failing \(incomplete-snapshot\): the list could not be read whole/,
    );
    await page.screenshot({ path: path.join(screenshots, 'largest-hover.png') });
  });

  test('the tab key goes from row to row of the map, and the arrow keys along a row', async () => {
    const { page } = await open(browser, states.largest, { javaScriptEnabled: false });
    const focused = () =>
      page.evaluate<string>(
        `document.activeElement.getAttribute('aria-label') ?? document.activeElement.tagName`,
      );
    await page.click(mapSummary);
    await page.focus(mapSummary);
    const visited: string[] = [];
    for (const key of ['Tab', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'Tab', 'ArrowDown', 'Shift+Tab']) {
      await page.keyboard.press(key);
      visited.push((await focused()).replace(/:.*/, ''));
    }
    expect(visited).toEqual(['VDN 1', 'VDN 2', 'VDN 3', 'VDN 2', 'VDN 100', 'VDN 101', 'VDN 2']);
    expect(await figuresOf(page, 'input[aria-label^="VDN 2:"]')).toContain('VDN 2: 120 codes, 9 h ago');
    expect(await figuresOf(page, 'input[aria-label^="VDN 101:"]')).toBe('none');
  });

  test.each([[1200], [800], [390]])(
    'figures stay within a screen of %i pixels, wherever the cell is',
    async (width) => {
      for (const state of ['few', 'largest'] as const) {
        const { page } = await open(browser, states[state], {
          javaScriptEnabled: false,
          viewport: { width, height: 900 },
        });
        if (state === 'largest') await page.click(mapSummary);
        const cells =
          state === 'few'
            ? ['100', '103', '110', '116', '117', '120']
            : ['1', '24', '25', '49', '50', '60', '98', '99'];
        for (const cell of cells) {
          await page.focus(`input[aria-label^="VDN ${cell}:"]`);
          expect(await page.evaluate('document.documentElement.scrollWidth'), `${state} ${cell}`).toBe(width);
        }
      }
    },
  );

  test('the runs as a table unfold by the keyboard', async () => {
    const { page } = await open(browser, states.fine, { javaScriptEnabled: false });
    await page.focus('summary');
    await page.keyboard.press('Enter');
    expect(await page.locator('details tbody tr').count()).toBe(30);
    expect(await page.locator('details table').isVisible()).toBe(true);
  });
});

test('a click on the approving command selects all of it and nothing else', async () => {
  const { page } = await open(browser, states.held);
  await page.click('.plan code.command');
  expect(await page.evaluate('String(getSelection())')).toBe(
    'obs-code-sync sync --approve 4f1d09c2ab7e3a58 --config /etc/obs-code-sync.yaml',
  );
});

test('it prints in dark ink on white, also where the screen is dark', async () => {
  const { page } = await open(browser, states.failing, { colorScheme: 'dark' });
  const background = 'getComputedStyle(document.body).backgroundColor';
  expect(await page.evaluate(background)).not.toBe('rgb(255, 255, 255)');
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(background)).toBe('rgb(255, 255, 255)');
  const pdf = await page.pdf({ path: path.join(screenshots, 'failing.pdf'), format: 'A4' });
  expect(pdf.subarray(0, 4).toString()).toBe('%PDF');
});
