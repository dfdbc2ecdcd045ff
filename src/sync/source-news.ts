import type { SourceConfig } from '../config/schema.ts';
import type { SourceNews } from '../store/run-store.ts';

/**
 * What is different about a source since its last run, in words: the usual cause of a held change.
 *
 * @returns undefined where it is the same, or where nothing is known of the last run
 */
export function newsInWords(
  { baseUrl, locale }: Pick<SourceConfig, 'baseUrl' | 'locale'>,
  before: SourceNews['before'],
): string | undefined {
  // A row of version 0.1.0 has no server: nothing is known of its last run.
  if (before === undefined || before.server === null) return undefined;
  const changes = [
    ['server', before.server, new URL(baseUrl).host],
    ['locale', before.locale, locale ?? null],
  ] as const;
  const said = changes
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `the ${what} was ${was ?? 'not set'} and is ${is ?? 'not set'}`);
  return said.length === 0 ? undefined : said.join(', ');
}
