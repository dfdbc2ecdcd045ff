import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What each folder of src may import, besides itself and errors.ts; packages are free but for the domain, which does no
 * I/O. `main.ts` picks a command; nothing imports it.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'bin.js': ['main.ts', 'node:child_process', 'node:fs', 'node:path'],
  'main.ts': ['commands', 'version.ts'],
  'version.ts': [],
  commands: [
    'schedule',
    'page',
    'sync',
    'isales',
    'store',
    'observe',
    'simulator',
    'config',
    'domain',
    'version.ts',
  ],
  schedule: ['page', 'sync', 'isales', 'store', 'observe', 'config', 'domain'],
  page: ['store', 'config', 'domain'],
  sync: ['isales', 'store', 'observe', 'config', 'domain'],
  isales: ['config', 'domain', 'version.ts'],
  store: ['config', 'domain'],
  observe: ['config', 'domain', 'version.ts'],
  simulator: ['domain'],
  config: ['domain'],
  domain: ['node:crypto'],
  'errors.ts': [],
  migrations: ['kysely', 'node:crypto'],
};
const packagesAreListed = ['domain', 'errors.ts', 'migrations'];

interface Import {
  /** Paths from the root, or the name of a package. */
  readonly from: string;
  readonly to: string;
}

/** Every import and re-export, types included, static or not. */
function importsOf(file: string, text: string): Import[] {
  const specifiers = text.matchAll(
    /^(?:import|export)\b[^;'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...specifiers].map(([, from, bare, dynamic]) => {
    const specifier = (from ?? bare ?? dynamic) as string;
    const to = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier;
    return { from: file, to };
  });
}

function violations(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from, to }) => !isAllowed(from, to))
    .map(({ from, to }) => `${from} imports ${to}`);
}

function isAllowed(from: string, to: string): boolean {
  const folder = folderOf(from);
  const mayImport = allowed[folder];
  if (mayImport === undefined) return false;
  if (!to.startsWith('src/') && !to.startsWith('test/') && !to.startsWith('migrations/'))
    return to === 'package.json' || !packagesAreListed.includes(folder) || mayImport.includes(to);
  return to === 'src/errors.ts' ? folder !== 'migrations' : [folder, ...mayImport].includes(folderOf(to));
}

function folderOf(file: string): string {
  const [top, folder] = file.split('/');
  return top === 'src' ? `${folder}` : `${top}`;
}

/** The files of one circle of imports, or undefined where there is none. */
function circle(imports: readonly Import[]): string[] | undefined {
  const of = Map.groupBy(imports, ({ from }) => from);
  const finished = new Set<string>();
  const search = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const { to } of of.get(file) ?? []) {
      const found = search(to, [...trail, file]);
      if (found) return found;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of of.keys()) {
    const found = search(file, []);
    if (found) return found;
  }
  return undefined;
}

async function allImports(): Promise<Import[]> {
  const files = (
    await Promise.all(
      ['src', 'migrations'].map(async (top) =>
        (await readdir(path.join(root, top), { recursive: true })).map((file) => path.posix.join(top, file)),
      ),
    )
  )
    .flat()
    .filter((file) => /\.[jt]s$/.test(file));
  const all = await Promise.all(
    files.map(async (file) => importsOf(file, await readFile(path.join(root, file), 'utf8'))),
  );
  return all.flat();
}

test('imports point one way, and never in a circle', async () => {
  const imports = await allImports();
  expect(imports.length).toBeGreaterThan(300);
  expect(violations(imports)).toEqual([]);
  expect(circle(imports)).toBeUndefined();
});

test('of the store, sync knows the run store alone', async () => {
  const imports = (await allImports()).filter(({ from }) => folderOf(from) === 'sync');
  const ofStore = imports.map(({ to }) => to).filter((to) => folderOf(to) === 'store');
  expect(new Set(ofStore)).toEqual(new Set(['src/store/run-store.ts']));
});

test.each([
  ['src/store/planted.ts', `import type { Page } from '../isales/response.ts';`],
  ['src/isales/planted.ts', `import {\n  type Kysely,\n  sql,\n} from '../store/tables.ts';`],
  ['src/simulator/planted.ts', `export * from '../isales/signer.ts';`],
  ['src/sync/planted.ts', `const later = await import('../commands/sync.ts');`],
  ['src/domain/planted.ts', `import { readFile } from 'node:fs/promises';`],
  ['src/domain/planted.ts', `import 'got';`],
  ['src/errors.ts', `import type { Change } from './domain/diff.ts';`],
  ['src/page/planted.ts', `import '../main.ts';`],
  ['src/page/planted.ts', `import { x } from '../../test/support/postgres.ts';`],
  ['migrations/0001_planted.ts', `import type { Database } from '../src/store/tables.ts';`],
  ['src/newfolder/planted.ts', `import { x } from '../domain/diff.ts';`],
])('in %s this is found: %s', (file, text) => {
  expect(violations(importsOf(file, text))).toHaveLength(1);
});

test('a circle of type imports is found', () => {
  const imports = [
    ...importsOf('src/store/a.ts', `import type { B } from './b.ts';`),
    ...importsOf('src/store/b.ts', `import type { A } from './a.ts';`),
  ];
  expect(circle(imports)).toEqual(['src/store/a.ts', 'src/store/b.ts', 'src/store/a.ts']);
});
