import { knownKeys } from './schema-document.ts';

const suspicious = /secret|access|key|header|proxy|url|pass|token|@|:\/\//i;

/**
 * A line of a file that cannot be parsed, as far as it may be shown. Without a parser it is not known where a secret
 * begins, so a line is shown whole only where it begins with a known key and nothing in it hints at a secret.
 */
export function maskLine(line: string): string {
  const [begin = '', key = ''] = /^[\s-]*\{?\s*(?:(\w+)\s*:)?/.exec(line) ?? [];
  const harmless = begin.length === line.length || (knownKeys().has(key) && !suspicious.test(line));
  return printable(harmless ? line : `${begin} ***`);
}

/** Shows what a terminal would obey instead of showing it, and no more than fits a line. */
function printable(line: string): string {
  const shown = line.replaceAll(/\p{Cc}|\p{Cf}/gu, (character) => (character === '\t' ? '→' : '\uFFFD'));
  return shown.length > 120 ? `${shown.slice(0, 120)}…` : shown;
}
