import { type Document, type ErrorCode, LineCounter, parseDocument, visit } from 'yaml';
import { FatalError } from '../errors.ts';
import { knownKeys } from './schema-document.ts';

/** How often aliases may be resolved in all; a file that needs more multiplies itself. */
const maxAliasCount = 10_000;

/** One mistake brings others after it. */
const mostShown = 3;

/** `yaml`'s own messages quote the text they stumble over, which may be a secret. */
const explanations: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_ALIAS: 'this alias (*name) has no anchor (&name) before it, or stands inside of it',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes; single quotes take a backslash as it is',
  BAD_INDENT: 'the indentation is wrong, or a bracket is not closed',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line; a text with ": " in it needs quotes',
  DUPLICATE_KEY: 'this key is there twice',
  MISSING_CHAR: 'a character is missing: a colon, a comma, a closing quote or bracket',
  MULTILINE_IMPLICIT_KEY: 'a key without its colon, or a quote that is not closed',
  MULTIPLE_DOCS: 'a second document (---) begins here; one is expected',
  NON_STRING_KEY: 'a key must be a text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'tags (!name) have no meaning here; a text that begins with ! needs quotes',
  UNEXPECTED_TOKEN: 'this is not expected here',
};

interface Mistake {
  readonly code: ErrorCode;
  readonly offset: number;
}

/** The mapping that a YAML text holds; `file` is for messages. Throws a `FatalError` that names line and column. */
export function parseYaml(text: string, file: string): object {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const mistakes = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    code,
    offset: pos[0],
  }));
  if (mistakes.length === 0) mistakes.push(...unusableAliases(document));
  if (mistakes.length > 0) {
    throw new FatalError('configuration', describeMistakes(mistakes, lines, text.split(/\r?\n/), file));
  }

  const tree = toTree(document, file);
  if (tree === null || tree === undefined) {
    throw new FatalError(
      'configuration',
      `${file} is empty; obs-code-sync.example.yaml shows what belongs there.`,
    );
  }
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    const expected = 'expected keys such as "database:" and "sources:" at its top level';
    throw new FatalError('configuration', `${file} holds no mapping: ${expected}.`);
  }
  return tree;
}

function unusableAliases(document: Document): Mistake[] {
  const mistakes: Mistake[] = [];
  visit(document, {
    Alias(_key, alias, ancestors) {
      const target = alias.resolve(document);
      if (target !== undefined && !ancestors.some((ancestor) => ancestor === target)) return;
      mistakes.push({ code: 'BAD_ALIAS', offset: alias.range?.[0] ?? 0 });
    },
  });
  return mistakes;
}

function toTree(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch {
    throw new FatalError(
      'configuration',
      `${file} cannot be used: its aliases (*name) multiply without end.`,
    );
  }
}

function describeMistakes(mistakes: Mistake[], counter: LineCounter, lines: string[], file: string): string {
  const shown = mistakes.slice(0, mostShown).flatMap(({ code, offset }) => {
    const { line, col } = counter.linePos(offset);
    const text = maskLine(lines[line - 1] ?? '');
    return [`  line ${line}, column ${col}: ${explanations[code] ?? `not YAML (${code})`}`, `    ${text}`];
  });
  if (mistakes.length > mostShown) shown.push(`  and ${mistakes.length - mostShown} more after that`);
  return [`${file} is not valid YAML:`, ...shown].join('\n');
}

const suspicious = /secret|access|key|header|proxy|url|pass|token|@|:\/\//i;

/**
 * A line of a file that cannot be parsed, as far as it may be shown. Without a parser it is not known where a secret
 * begins, so a line is shown whole only where it begins with a known key and nothing in it hints at a secret.
 */
function maskLine(line: string): string {
  const [begin = '', key = ''] = /^[\s-]*\{?\s*(?:(\w+)\s*:)?/.exec(line) ?? [];
  const harmless = begin.length === line.length || (knownKeys().has(key) && !suspicious.test(line));
  return printable(harmless ? line : `${begin} ***`);
}

/** Escapes control characters, and shows no more than fits a line. */
function printable(line: string): string {
  const shown = line.replaceAll(/\p{Cc}|\p{Cf}/gu, (character) => (character === '\t' ? '→' : '\uFFFD'));
  return shown.length > 120 ? `${shown.slice(0, 120)}…` : shown;
}
