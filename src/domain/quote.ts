const longest = 120;

/**
 * Foreign text inside a message: in quotes, on one line, at most 120 characters, with every character that
 * could steer a terminal or reorder a line written as an escape.
 */
export function quote(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
