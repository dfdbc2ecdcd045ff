import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { errorOf, written } from './support.ts';

/** The message for a file that holds this text, without the file's directory. */
async function messageFor(text: string): Promise<string> {
  const file = await written(text);
  const { message } = await errorOf(loadConfig(file, {}));
  return message.replaceAll(`${path.dirname(file)}/`, '');
}

describe('YAML that cannot be parsed is refused with file, line, column and line', () => {
  test.each([
    [
      'a key that is there twice',
      'guard:\n  atLeast: 1\n  removedShare: 0.1\n  atLeast: 2\n',
      'line 4, column 3: this key is there twice',
      '  atLeast: 2',
    ],
    [
      'a bracket that is not closed',
      'sources:\n  - vdns: [1, 25\nguard: {}\n',
      'line 3, column 1: the indentation is wrong, or a bracket is not closed',
      'guard: {}',
    ],
    ['a tab', 'guard:\n\tatLeast: 1\n', 'line 2, column 1: tabs cannot indent; use spaces', '→atLeast: 1'],
    [
      'two keys on one line',
      'log: level: info\n',
      'line 1, column 6: two keys on one line; a text with ": " in it needs quotes',
      'log: level: info',
    ],
    [
      'Windows line ends',
      'log: {}\r\nhttp: {}\r\nlog: {}\r\n',
      'line 3, column 1: this key is there twice',
      'log: {}',
    ],
    [
      'a second document',
      'log: {}\n---\nlog: {}\n',
      'line 2, column 1: a second document (---) begins here; one is expected',
      '---',
    ],
    [
      'a tag',
      'name: !vault abc\n',
      'line 1, column 7: tags (!name) have no meaning here; a text that begins with ! needs quotes',
      'name: !vault abc',
    ],
  ])('%s', async (_mistake, text, where, line) => {
    expect(await messageFor(text)).toBe(`obs-code-sync.yaml is not valid YAML:\n  ${where}\n    ${line}`);
  });

  test('nesting without end, in a few lines', async () => {
    const message = await messageFor('['.repeat(50_000));
    expect(message).toContain('nested too deeply');
    expect(message.length).toBeLessThan(500);
  });
});

describe('aliases cannot bring the program down', () => {
  const alias = 'this alias (*name) has no anchor (&name) before it, or stands inside of it';

  test('by standing inside of their own anchor', async () => {
    expect(await messageFor('log: &log\n  level: *log\n')).toContain(`line 2, column 10: ${alias}`);
  });

  test('by standing for nothing', async () => {
    expect(await messageFor('log: *none\n')).toContain(`line 1, column 6: ${alias}`);
  });

  test('by multiplying', async () => {
    const ten = (item: string) => `[${Array(10).fill(item).join(', ')}]`;
    const levels = Array.from(
      { length: 9 },
      (_, level) => `a${level + 1}: &a${level + 1} ${ten(`*a${level}`)}`,
    );
    const text = [`a0: &a0 ${ten('x')}`, ...levels].join('\n');
    expect(await messageFor(text)).toBe(
      'obs-code-sync.yaml cannot be used: its aliases (*name) multiply without end.',
    );
  });
});

describe('a file without a mapping is refused', () => {
  test.each(['', '\n', '# nothing but a comment\n', 'null\n', '---\n'])('%j is empty', async (text) => {
    expect(await messageFor(text)).toBe(
      'obs-code-sync.yaml is empty; obs-code-sync.example.yaml shows what belongs there.',
    );
  });

  test.each(['- name: prod\n', 'prod\n', '42\n'])('%j', async (text) => {
    expect(await messageFor(text)).toBe(
      'obs-code-sync.yaml holds no mapping: expected keys such as "database:" and "sources:" at its top level.',
    );
  });
});
