import { expect } from 'vitest';

/** What a person reads of a section, or of the whole page. */
export function read(page: string, section?: string): string {
  const from = section === undefined ? page.indexOf('<body>') : page.indexOf(`aria-labelledby="${section}"`);
  expect(from).toBeGreaterThan(0);
  const until = section === undefined ? page.length : page.indexOf('</section>', from);
  return page
    .slice(from, until)
    .replace(/^[^<>]*>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
