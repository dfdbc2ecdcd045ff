import * as z from 'zod';

/**
 * The kinds of values a configuration has. Each says in its message what is expected, never what was found: what was
 * found may be a secret, and `problems.ts` decides what of it is shown.
 */

/** A mapping that knows its keys; the message of unknown ones has a line for each. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : `expected a mapping of ${known.join(', ')}`,
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const [name = ''] = /^[\w$<.-]{0,40}/.exec(key) ?? [];
  const suggestion = nearest(name, known);
  const advice = suggestion === undefined ? `known here: ${known.join(', ')}` : `did you mean ${suggestion}?`;
  // What follows the name may be a value, a secret one even, whose colon lacks its space ({secretKey:…}).
  const shown = name === key ? name : `${name}… (is a blank missing after its colon?)`;
  return `unknown key ${shown}; ${advice}`;
}

export function wholeNumber(smallest: number, largest: number, remark = '') {
  const expected = `expected a whole number from ${smallest} to ${largest}${remark}`;
  return z.int(expected).min(smallest, expected).max(largest, expected);
}

export function number(smallest: number, largest: number) {
  const expected = `expected a number from ${smallest} to ${largest}`;
  return z.number(expected).min(smallest, expected).max(largest, expected);
}

export const trueOrFalse = () => z.boolean('expected true or false');

export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, `expected one of ${words.join(', ')}`);

export function text(form = 'a text', pattern = /\S/) {
  const expected = `expected ${form}`;
  const quotes = (input: unknown) => (typeof input === 'number' ? '; a number needs quotes here' : '');
  return z.string({ error: ({ input }) => expected + quotes(input) }).regex(pattern, expected);
}

/** A text that `parse` converts. */
export function parsedText<T>(form: string, parse: (text: string) => Parsed<T>) {
  return z.string(`expected ${form}`).transform((value, context) => {
    const parsed = parse(value);
    if (parsed.ok) return parsed.value;
    for (const message of parsed.problems) context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** A duration in milliseconds, at most `longest`. */
export function duration(longest: string) {
  const limit = parseDuration(longest);
  return parsedText(durationForm, (written) => {
    const parsed = parseDuration(written);
    return parsed.ok && limit.ok && parsed.value > limit.value
      ? { ok: false, problems: [`expected at most ${longest}`] }
      : parsed;
  });
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a duration looks like, for messages. */
const durationForm = 'a duration such as 500ms, 10s, 15m, 36h or 90d';

/** A duration (`500ms`, `10s`, `15m`, `36h`, `90d`; more than zero) in milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  const [, digits = '', unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const value = Number(digits) * (unitMs[unit] ?? 0);
  return value > 0 && Number.isSafeInteger(value)
    ? { ok: true, value }
    : { ok: false, problems: [`expected ${durationForm}`] };
}

/** The word that `text` probably means, or undefined where none is similar. */
function nearest(text: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((word) => ({ word, distance: editDistance(text.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.ceil(text.length * 0.4) ? best.word : undefined;
}

/** Levenshtein distance: the fewest letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (let column = 0; column < b.length; column++) {
      const replaced = (previous[column] ?? 0) + (b[column] === letter ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * The result of parsing a text from a configuration or command line: its value, or everything that is wrong with it.
 */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };
