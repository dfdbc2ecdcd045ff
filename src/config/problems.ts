import type * as z from 'zod';
import { quote } from '../domain/quote.ts';
import { isPlaceholder } from './placeholders.ts';
import { isWithin, type Path, type Problem, valueAt } from './tree.ts';
import { withoutSecrets } from './urls.ts';

/** What these keys hold is never shown, however wrong it is. */
const secretKeys: ReadonlySet<PropertyKey> = new Set(['accessKey', 'secretKey', 'notify']);

/** Keys whose text may hold a credential: only the safe part of it is shown. */
const suspicious = /@|:\/\/|[?#]/;

/** The schema's complaints, one problem each; what became undefined because it could not be filled in is none. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], unfilled: readonly Problem[]): Problem[] {
  return issues
    .filter((issue) => !unfilled.some(({ path }) => isWithin(issue.path, path)))
    .flatMap((issue) =>
      issue.message.split('\n').map((message) => ({ path: issue.path, message, shows: shows(issue) })),
    );
}

function shows(issue: z.core.$ZodIssue): Problem['shows'] {
  if (issue.code === 'unrecognized_keys' || (issue.code === 'custom' && issue.params?.shows === 'nothing'))
    return 'nothing';
  return issue.code === 'invalid_type' && ['object', 'array'].includes(issue.expected) ? 'kind' : 'value';
}

/**
 * One line for each problem: where, what is written there (`tree` is the file before anything was filled in, so that
 * a placeholder is shown and not its value), what is expected.
 */
export function describeProblems(problems: readonly Problem[], tree: unknown): string[] {
  const lines = problems.map(({ path, message, shows }) => {
    const found = shows === 'nothing' ? '' : show(valueAt(tree, path), path, shows);
    return `${pathInWords(path)}${found && ` ${found}`}: ${message}`;
  });
  return [...new Set(lines)];
}

function pathInWords(path: Path): string {
  const words = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return words.replace(/^\./, '') || 'top level';
}

function show(value: unknown, path: Path, shows: Problem['shows']): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty';
  if (Array.isArray(value)) return value.length === 0 ? 'is []' : 'is a list';
  if (typeof value === 'object') return 'is a mapping';
  if (typeof value === 'string' && isPlaceholder(value)) return `is ${quote(value)}`;
  if (isSecret(path)) return '(not shown)';
  if (shows === 'kind') return `is a ${typeof value === 'string' ? 'text' : typeof value}`;
  return typeof value === 'string' ? showText(value, path) : `is ${value}`;
}

/** `signing.headers` are names. */
function isSecret(path: Path): boolean {
  return path.some(
    (key, index) => secretKeys.has(key) || (key === 'headers' && path[index - 1] !== 'signing'),
  );
}

function showText(text: string, path: Path): string {
  if (path.at(-1) === 'url' || path.at(-1) === 'proxy' || suspicious.test(text)) {
    const url = withoutSecrets(text);
    return url === undefined ? '(not shown)' : `is ${quote(url)}`;
  }
  return `is ${quote(text)}`;
}
