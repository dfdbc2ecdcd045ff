import { harmless } from '../domain/quote.ts';

/** Markup. There are two ways to it: `html`, which escapes whatever is not markup yet, and `trusted`. */
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
