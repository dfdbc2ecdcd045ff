const longest = 300;

/** Controls, what reorders or breaks a line unseen, and halves of surrogate pairs. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu;

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: ' ',
};

/**
 * What a refusal's body says, in quotes: all texts of its JSON under any key, or the title of a page. At most 300
 * characters, without control characters.
 *
 * @param hide removes secrets, which the server may have echoed
 * @returns undefined where it says nothing
 */
export function refusalText(body: string, hide: (words: string) => string): string | undefined {
  return safeText(textsOf(body), hide);
}

/** All texts in a JSON value, each once. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(textsIn))];
}

/** A server's texts as one that is safe in a message. */
export function safeText(texts: readonly string[], hide: (words: string) => string): string | undefined {
  // Secrets first: they could not be found in shortened or escaped text.
  const words = hide(texts.join('; ')).replace(unseen, ' ').trim();
  if (words === '') return undefined;
  const characters = [...words];
  return `"${characters.slice(0, longest).join('')}${characters.length > longest ? '…' : ''}"`;
}

function textsOf(body: string): string[] {
  try {
    return textsIn(JSON.parse(body));
  } catch {
    const [, title = ''] = /<title[^>]*>([^<]*)<\/title>/i.exec(body) ?? [];
    return [title.replace(/&([a-z]+|#39);/g, (entity, name: string) => entities[name] ?? entity)];
  }
}
