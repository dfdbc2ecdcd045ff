import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder of src may import, besides itself, errors.ts and packages. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  commands: ['schedule', 'page', 'sync', 'isales', 'store', 'observe', 'simulator', 'config', 'domain'],
  schedule: ['page', 'sync', 'isales', 'store', 'observe', 'config', 'domain'],
  page: ['store', 'config', 'domain'],
  sync: ['isales', 'store', 'observe', 'config', 'domain'],
  isales: ['config', 'domain'],
  store: ['config', 'domain'],
  observe: ['config', 'domain'],
  simulator: ['domain'],
  config: ['domain'],
  domain: [],
};
const folders = Object.keys(allowed);

interface Planted {
  file: string;
  imports: string;
  accepted: boolean;
}

const directions: Planted[] = folders.flatMap((from) =>
  folders.flatMap((to) => {
    if (from === to) return [];
    const accepted = allowed[from]?.includes(to) ?? false;
    const planted = { file: `src/${from}/imports-${to}.ts`, imports: `../${to}/planted.ts`, accepted };
    // The domain's rule names what it may import, and knows no folders within it: there are none.
    if (from === 'domain') return [planted];
    return [
      planted,
      { file: `src/${from}/deeper/imports-${to}.ts`, imports: `../../${to}/planted.ts`, accepted },
    ];
  }),
);

const others: Planted[] = [
  ...folders.flatMap((from) => [
    { file: `src/${from}/imports-errors.ts`, imports: '../errors.ts', accepted: true },
    { file: `src/${from}/imports-neighbour.ts`, imports: './neighbour.ts', accepted: true },
    { file: `src/${from}/imports-main.ts`, imports: '../main.ts', accepted: false },
    { file: `src/${from}/imports-test.ts`, imports: '../../test/support/postgres.ts', accepted: false },
  ]),
  ...['kysely', 'pg', 'got', 'node:fs', 'node:fs/promises', 'node:http', '@electric-sql/pglite'].map(
    (name, index) => ({ file: `src/domain/package-${index}.ts`, imports: name, accepted: false }),
  ),
  { file: 'src/domain/hashes.ts', imports: 'node:crypto', accepted: true },
  { file: 'src/store/kysely.ts', imports: 'kysely', accepted: true },
  { file: 'src/errors.ts', imports: './domain/planted.ts', accepted: false },
  { file: 'migrations/0001_kysely.ts', imports: 'kysely', accepted: true },
  { file: 'migrations/0002_store.ts', imports: '../src/store/tables.ts', accepted: false },
];

const forms = {
  import: (name: string) => `import { planted } from '${name}';\nplanted();\n`,
  type: (name: string) => `import type { Planted } from '${name}';\nexport type Mine = Planted;\n`,
  reexport: (name: string) => `export * from '${name}';\n`,
  dynamic: (name: string) => `export const planted = await import('${name}');\n`,
};

const cases = [...directions, ...others];

test.for(Object.entries(forms))(
  'biome rejects each forbidden direction and no other: %s',
  async ([, write]) => {
    const rejected = await rejectedImports(
      cases.map(({ file, imports }) => ({ file, text: write(imports) })),
    );
    const expected = cases.filter(({ accepted }) => !accepted).map(({ file }) => file);
    expect(rejected).toEqual(expected.sort());
  },
);

test('every folder of src has its rule', async () => {
  const entries = await readdir(path.join(root, 'src'), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders).toEqual(expect.arrayContaining(names));
});

/** Lints the files as a project of their own with this project's biome.json; gives those with a forbidden import. */
async function rejectedImports(files: readonly { file: string; text: string }[]): Promise<string[]> {
  const directory = await temporaryDirectory();
  await cp(path.join(root, 'biome.json'), path.join(directory, 'biome.json'));
  for (const { file, text } of files) {
    await mkdir(path.join(directory, path.dirname(file)), { recursive: true });
    await writeFile(path.join(directory, file), text);
  }
  const biome = path.join(root, 'node_modules/.bin/biome');
  const rule = 'style/noRestrictedImports';
  const options = [
    'lint',
    `--only=${rule}`,
    '--vcs-enabled=false',
    '--max-diagnostics=none',
    '--reporter=json',
    '.',
  ];
  const report = await new Promise<string>((resolve) => {
    execFile(biome, options, { cwd: directory, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
  });
  const { diagnostics }: { diagnostics: { category: string; location: { path: string } }[] } =
    JSON.parse(report);
  expect(diagnostics.every(({ category }) => category === `lint/${rule}`)).toBe(true);
  return [...new Set(diagnostics.map(({ location }) => location.path))].sort();
}
