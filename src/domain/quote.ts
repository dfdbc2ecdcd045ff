const longest = 120;

/** Controls (terminal escape sequences begin with one), and what reorders or breaks a line unseen. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Foreign text made harmless for a terminal or a log: nothing in it can move the cursor, change colours, reorder the
 * line or break it. Such characters are shown as escapes.
 */
export function harmless(text: string): string {
  return text.replace(unseen, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

/** Foreign text inside a message: harmless, in quotes and at most 120 characters. */
export function quote(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return harmless(JSON.stringify(shown));
}

/**
 * JSON of one line that is harmless on a terminal too. Invisible characters can be only inside texts, where JSON can
 * escape them, so a program that parses it gets the same.
 */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(unseen, (c) => c.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
