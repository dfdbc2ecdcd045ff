import { type Html, html, type Part } from './html.ts';

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
