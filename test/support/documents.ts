import { readFileSync } from 'node:fs';

/** A file of the repository, named from its root. */
export function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
}

/** The examples of a language in a document, in order. */
export function examples(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].flatMap(([, indent, name, text = '']) =>
    name === language ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );
}

/** The rows of all tables of a document whose head begins with this title, each as its cells. */
export function tableRows(markdown: string, title: string): string[][] {
  const tables = markdown.matchAll(new RegExp(`^\\| ${title} \\|.*\\n\\| --- .*\\n((?:\\|.*\\n)+)`, 'gm'));
  return [...tables]
    .flatMap(([, rows = '']) => rows.trim().split('\n'))
    .map((row) => row.slice(2, -2).split(' | '));
}

/** The SQL under a heading of docs/operations.md, in order. */
export function sqlUnder(heading: string): string[] {
  const [section = ''] = read('docs/operations.md').split(`# ${heading}\n`)[1]?.split(/^#+ /m) ?? [];
  return examples(section, 'sql');
}
