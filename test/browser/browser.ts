import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { pageHeaders } from '../../src/page/html.ts';

/** Looked at by people; not kept. */
export const screenshots = path.join(import.meta.dirname, 'screenshots');

/** Debian's, with nothing of its own that goes out to the network. */
export async function launchChromium(): Promise<Browser> {
  mkdirSync(screenshots, { recursive: true });
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface OpenPage {
  readonly page: Page;
  /** Everything that the page asked for, by address. */
  readonly requests: readonly string[];
  /** What the browser complained of: a breach of the policy, an element that is not closed. */
  readonly complaints: readonly string[];
  readonly address: string;
}

/** Serves the document as `schedule` does and opens it, until the test is over. */
export async function open(
  browser: Browser,
  document: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const server = createServer((_, response) => {
    response.writeHead(200, { ...pageHeaders }).end(document);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/`;
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  onTestFinished(async () => {
    await context.close();
    server.close();
    server.closeAllConnections();
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, requests, complaints, address };
}
