import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { harmless } from '../domain/quote.ts';

/** Markup. There are two ways to it: `html`, which escapes what is not markup yet, and `trusted`. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Part = Html | string | number | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A template of markup. What is put in is shown as text, in elements and in quoted attributes alike, and cannot
 * reorder or hide what stands around it; lists are joined without a separator.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  for (const [index, part] of parts.entries()) text += markup(part) + strings[index + 1];
  return new Html(text);
}

/** Text of the program's own that is markup already, such as a style sheet. */
export function trusted(text: string): Html {
  return new Html(text);
}

function markup(part: Part): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === 'number') return String(part);
  if (typeof part !== 'string') return part.map(markup).join('');
  return harmless(part).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** A section of the page, reachable by its heading. */
export function section(id: string, title: string, content: Part): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>`;
}

/** A table; cells are markup or text. The first column names the row.
 *
 * @param className how it is styled */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Part[])[],
  className = '',
): Html {
  return html`<table class="${className}"><caption>${caption}</caption>
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([first = '', ...cells]) =>
    html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
)}</tbody></table>`;
}

/** A command to copy; a click selects all of it. */
export function command(text: string): Html {
  return html`<code class="command">${text}</code>`;
}

/** Details that are folded. */
export function folded(summary: string, content: Part): Html {
  return html`<details><summary>${summary}</summary>
${content}</details>`;
}

const style = ['page', 'tables', 'runs', 'states', 'map', 'narrow']
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

/** The whole document in one piece, so that it can also be opened from a disk. */
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
