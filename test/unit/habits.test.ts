import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { read, tableRows } from '../support/documents.ts';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(read('package.json'));

test('docs/dependencies.md has each dependency, and no other', () => {
  const { dependencies, optionalDependencies, devDependencies } = manifest;
  const packages = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  const documented = tableRows(read('docs/dependencies.md'), 'package').flatMap(([cell = '']) =>
    cell.split(', '),
  );
  // Types of a library come with the library.
  expect(documented.toSorted()).toEqual(packages.filter((name) => !name.startsWith('@types/')).toSorted());
});

test('one version of the program stands everywhere', () => {
  const [newest = ''] = [...read('CHANGELOG.md').matchAll(/^## \[(.+?)\]/gm)].flatMap(([, name = '']) =>
    name === 'Unreleased' ? [] : [name],
  );
  const images = globSync('deploy/**/*.yaml', { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/image: obs-code-sync:(\S+)/g)].map(([, tag]) => tag),
  );
  expect(images.length).toBeGreaterThan(3);
  expect(new Set([newest, JSON.parse(read('package-lock.json')).version, ...images])).toEqual(
    new Set([version]),
  );
});

test('one version of Node stands everywhere', () => {
  const [pinned] = new Set(Object.values<string>(manifest.optionalDependencies));
  const [, workflow] = /container: node:([\d.]+)/.exec(read('.github/workflows/ci.yaml')) ?? [];
  const [major] = `${pinned}`.split('.');
  expect([read('.nvmrc').trim(), workflow]).toEqual([pinned, pinned]);
  expect(read('Dockerfile')).toMatch(new RegExp(`^ARG NODE_IMAGE=node:${major}[.-]`, 'm'));
  expect(manifest.devDependencies['@types/node'].split('.')[0]).toBe(major);
});

test('the workflow runs what CI runs, with actions that cannot change', () => {
  const workflow = read('.github/workflows/ci.yaml');
  expect(workflow).toContain('run: .ci/run\n');
  // The image's tests are none of vitest's default projects.
  expect(workflow).toContain('npm run test:all -- test/image\n');
  const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(1);
  expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
});
