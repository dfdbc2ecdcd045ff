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
export function section(id: string, title: string, content: Part, aside: Part = ''): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>${aside === '' ? '' : html`<p class="aside">${aside}</p>`}
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

/** What there is to read, but not first. */
export function folded(summary: string, content: Part): Html {
  return html`<details><summary>${summary}</summary>
${content}</details>`;
}
