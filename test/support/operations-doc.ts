import { readFileSync } from 'node:fs';

const markdown = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** The SQL under a heading of docs/operations.md, in order. */
export function sqlUnder(heading: string): string[] {
  const [section] = markdown.split(`# ${heading}\n`)[1]?.split(/^#+ /m) ?? [];
  return [...(section ?? '').matchAll(/^```sql\n(.*?)^```$/gms)].map(([, statements = '']) => statements);
}

export const operationsDoc = markdown;
