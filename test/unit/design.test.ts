import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vdnOutcomes } from '../../src/domain/outcome.ts';
import { exitCodes } from '../../src/errors.ts';
import { examples, read, tableRows } from '../support/documents.ts';

const root = new URL('../../', import.meta.url);
const design = read('docs/design.md');
const rows = (title: string) =>
  tableRows(design, title).map((row) => row.map((cell) => cell.replaceAll('`', '')));

test('the exit codes of docs/design.md are the program’s', () => {
  const documented = rows('code').map(([code, name = '']) => [name, Number(code)]);
  expect(Object.fromEntries(documented)).toEqual(exitCodes);
});

test('its outcomes are those that a VDN can come to', () => {
  expect(rows('outcome').map(([name]) => name)).toEqual([...vdnOutcomes]);
});

test('its folders are those of src', () => {
  const folders = readdirSync(new URL('src', root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}/`);
  expect(
    rows('folder')
      .map(([name]) => name)
      .sort(),
  ).toEqual(folders.sort());
});

test('its tables are those of the schema', () => {
  const [, body = ''] = /interface Database \{\n(.*?)\n\}/s.exec(read('src/store/tables.ts')) ?? [];
  const tables = [...body.matchAll(/^ {2}(\w+): \w+Table;/gm)].map(([, name]) => name);
  expect(
    rows('table')
      .map(([name]) => name)
      .sort(),
  ).toEqual(tables.sort());
});

test('its drawings name files and folders of src', () => {
  const drawings = examples(design, 'mermaid');
  expect(drawings).toHaveLength(2);
  const files = drawings.flatMap((text) =>
    [...text.matchAll(/\b[a-z]+\/[a-z-]+\.ts\b/g)].map(([file]) => file),
  );
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) expect(read(`src/${file}`), file).toBeTruthy();
});
