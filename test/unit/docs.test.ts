import { existsSync, globSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { read } from '../support/documents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md'], { cwd: root });
const prose = (file: string) => read(file).replaceAll(/^ *```.*?^ *```$/gms, '');

/** The anchors that a Markdown viewer gives to the headings of a document. */
function anchors(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** Links that lead nowhere, each with its reason. */
function broken(file: string, markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.flatMap((link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [target = '', anchor] = link.split('#');
    const place = target === '' ? file : path.join(path.dirname(file), target);
    if (place !== file && !existsSync(path.join(root, place))) return [`${link}: no such file`];
    if (anchor === undefined) return [];
    const text = place === file ? markdown : prose(place);
    return anchors(text).includes(anchor) ? [] : [`${link}: no such heading`];
  });
}

/** Paths of this repository that a document names as code. */
const namedPaths = (markdown: string) =>
  [
    ...markdown.matchAll(
      /`((?:src|test|migrations|docs|deploy|\.ci|\.github)\/[\w./-]*\w)\/?`|`([\w.-]+\.md)`/g,
    ),
  ].map(([, named, alone]) => `${named ?? alone}`);

describe.each(documents)('%s', (file) => {
  test('has no broken link', () => {
    expect(broken(file, prose(file))).toEqual([]);
  });

  test('names files and folders that are there', () => {
    const missing = namedPaths(prose(file)).filter(
      (named) => !named.includes('NNNN') && !existsSync(path.join(root, named)),
    );
    expect(missing).toEqual([]);
  });

  test('has each piece of code on one line, where it can be copied', () => {
    const lines = prose(file).split('\n');
    expect(lines.filter((line) => (line.match(/`/g) ?? []).length % 2 === 1)).toEqual([]);
  });

  test('names npm scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...read(file).matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

test.each(['CONTRIBUTING.md', 'docs/design.md'])('%s names identifiers that are there', (file) => {
  const code = globSync(['src/**/*.ts', 'package.json', 'deploy/kubernetes/**/*.yaml'], { cwd: root });
  const words = new Set(code.flatMap((name) => read(name).match(/\w+/g) ?? []));
  const named = [...prose(file).matchAll(/`(\w*[a-z][A-Z]\w*)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !words.has(name))).toEqual([]);
});

test('every page of docs is reached from README.md', () => {
  const reached = new Set<string>();
  const follow = (file: string) => {
    if (reached.has(file) || !file.endsWith('.md') || !existsSync(path.join(root, file))) return;
    reached.add(file);
    for (const [, link = ''] of prose(file).matchAll(/\]\(([^)#\s]+)/g))
      follow(path.join(path.dirname(file), link));
  };
  follow('README.md');
  const pages = documents.filter(
    (file) => file.startsWith('docs/') && statSync(path.join(root, file)).size > 0,
  );
  expect(pages.filter((file) => !reached.has(file))).toEqual([]);
});
