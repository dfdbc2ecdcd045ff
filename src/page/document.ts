import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Html, html, type Part, trusted } from './html.ts';

const style = ['page', 'tables', 'runs', 'states', 'map']
  .map((name) => readFileSync(new URL(`./style/${name}.css`, import.meta.url), 'utf8'))
  .join('');

/** Nothing is loaded, run, framed or sent: the one style sheet is known by its hash, the one image is in the page. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
];

/** What to serve a page with. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  // Only a header can forbid framing.
  'content-security-policy': [...policy, "frame-ancestors 'none'"].join('; '),
  'referrer-policy': 'no-referrer',
};

export interface PageDocument {
  readonly title: string;
  readonly icon: Html;
  readonly content: Part;
}

/** The whole document, in one piece: it may as well be a file that is opened from a disk. */
export function pageDocument({ title, icon, content }: PageDocument): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon.toString())}">
<style>${trusted(style)}</style>
</head>
<body>
${content}
</body>
</html>
`.toString();
}
