import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const find = (...patterns: string[]) =>
  globSync(patterns, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));

const code = find('{src,test,migrations}/**/*.ts', '*.ts');
const everything = [...code, ...find('{docs,deploy,.ci}/**', '*.{md,json,yaml}')].filter(
  (file) => file !== 'package-lock.json',
);

/** `file:line` of every match. */
function places(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

test('every version of a dependency is exact', () => {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(read('package.json'));
  const kinds = ['dependencies', 'optionalDependencies', 'devDependencies'];
  const versions = kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}));
  expect(versions.length).toBeGreaterThan(20);
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test('no file of code is longer than 250 lines', () => {
  expect(code.length).toBeGreaterThan(50);
  expect(code.filter((file) => read(file).split('\n').length > 251)).toEqual([]);
});

test('nothing names a path of one machine', () => {
  expect(places(everything, /(?<![\w.])\/(home|Users|work|root)\//)).toEqual([]);
});

/** Literary or vague words, in texts and in names: a common word, or the noun that is meant, is better. */
const avoided = [
  ...['whatever', 'whoever', 'whichever', 'somebody', 'nobody', 'anybody', 'everybody', 'anew'],
  ...['mend', 'mends', 'mended', 'farewell', 'takes? leave', 'puts? right', 'settle', 'settles', 'settled'],
  ...[
    'patien(ce|t|tly)',
    '(leaves?|left) (\\w+ ){0,2}alone',
    'gather(s|ed|ing)?',
    'efforts?',
    'tally',
    'surroundings',
  ],
];

test('words are plain', () => {
  // Migrations stay as they have landed.
  const own = find(
    '{src,test}/**/*.ts',
    '*.md',
    '{docs,deploy}/**/*.{md,yaml,yml,sql,ts}',
    'Dockerfile',
  ).filter((file) => !file.endsWith('house-rules.test.ts'));
  expect(own.length).toBeGreaterThan(300);
  expect(places(own, new RegExp(`\\b(${avoided.join('|')})\\b`, 'i'))).toEqual([]);
});

test('no check of types or style is silenced', () => {
  expect(places(code, /biome-ignor[e]|@ts-(ignor[e]|expect-erro[r]|nochec[k])|\bas unknow[n] as\b/)).toEqual(
    [],
  );
});
