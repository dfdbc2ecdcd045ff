import { resolve } from 'node:path';
import { quote } from '../domain/quote.ts';
import type { Parsed } from './fields.ts';
import { readText } from './read-text.ts';
import type { Path, Problem } from './tree.ts';

/** `$${` (an escaped `${`), `${…}`, or a `${` that nothing closes. */
const placeholder = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

export interface PlaceholderSources {
  readonly env: NodeJS.ProcessEnv;
  /** Where relative paths of `${file:PATH}` begin. */
  readonly directory: string;
}

/**
 * A copy of the tree with every `${NAME}` and `${file:PATH}` filled in, wherever it stands in a text; keys are left
 * alone. What is filled in is not searched again. A text that cannot be filled in becomes undefined and a problem.
 */
export function fillIn(tree: unknown, from: PlaceholderSources): { tree: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      const filled = fillText(value, from);
      if (filled.ok) return filled.value;
      problems.push(...filled.problems.map((message) => ({ path, message, shows: 'nothing' as const })));
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { tree: walk(tree, []), problems };
}

/** Whether a text is one placeholder and nothing else, so that its value is somewhere else. */
export function isPlaceholder(text: string): boolean {
  return /^\$\{[^}]*\}$/.test(text);
}

function fillText(text: string, from: PlaceholderSources): Parsed<string> {
  const problems: string[] = [];
  const value = text.replaceAll(placeholder, (whole: string, inner: string | undefined) => {
    if (whole === '$${') return '${';
    const found = inner === undefined ? malformed : lookUp(inner, from);
    if (found.ok) return found.value;
    problems.push(...found.problems);
    return '';
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value };
}

const wrong = (problem: string) => ({ ok: false, problems: [problem] }) as const;

/** Quotes nothing, since a secret may contain these two characters. */
const malformed = wrong(
  `has a \${ that begins neither \${NAME} nor \${file:PATH}; write $\${ for the two characters`,
);

function lookUp(inner: string, { env, directory }: PlaceholderSources): Parsed<string> {
  const [, file] = /^file:(.+)$/s.exec(inner) ?? [];
  if (file !== undefined && !file.includes('${')) return secretFile(file, directory);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(inner)) return malformed;

  const value = Object.hasOwn(env, inner) ? env[inner] : undefined;
  if (value === undefined) return wrong(`the environment variable ${inner} is not set`);
  return value === '' ? wrong(`the environment variable ${inner} is empty`) : { ok: true, value };
}

function secretFile(file: string, directory: string): Parsed<string> {
  const path = resolve(directory, file);
  const content = readText(path);
  if (!content.ok) return wrong(`the file ${quote(path)} cannot be read: ${content.problems[0]}`);
  const value = content.value.trim();
  return value === '' ? wrong(`the file ${quote(path)} is empty`) : { ok: true, value };
}
