import { countOf } from '../domain/count-text.ts';
import { commandLine, type Invocation } from '../domain/invocation.ts';
import { harmless } from '../domain/quote.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { NewlyFailing, NewlyHeld } from '../store/run-news.ts';

/** What a run changed for the better or the worse. */
export interface News {
  readonly held: readonly NewlyHeld[];
  readonly failing: readonly NewlyFailing[];
  /** Sources in which something was held or failing before the run, and nothing is any more. */
  readonly over: readonly string[];
}

/** A chat shows so much at a time; `status` has the rest. */
const mostItems = 20;
const mostCharacters = 500;

/** A run's news as lines for a chat; empty where there is none. */
export function newsText({ held, failing, over }: News, invocation: Invocation): string {
  const command = (words: string) => `\`${commandLine(invocation, words)}\``;
  const items = [
    ...held.map(
      ({ source, vdnIds, reason, plan }) =>
        `${where(source, vdnIds)} held: ${foreign(reason)}. Look at it: ${command(`status --plan ${plan}`)}; ` +
        `if it is right: ${command(`sync --approve ${plan}`)}`,
    ),
    ...failing.map(
      ({ source, vdnIds, errorCode, errorMessage }) =>
        `${where(source, vdnIds)} failing: ${errorCode ?? 'unknown'}: ${foreign(errorMessage ?? '')} ` +
        `Look at it: ${command('status')}`,
    ),
    ...over.map((source) => `${source}: it is over, none of its VDNs is held or failing any more.`),
  ];
  const hidden = items.length - mostItems;
  return [
    ...items.slice(0, mostItems),
    ...(hidden > 0 ? [`and ${hidden} more: ${command('status')}`] : []),
  ].join('\n');
}

/** A run that could not begin, or not go on, because of the database. */
export function refusalText(message: string, invocation: Invocation): string {
  return `The sync did not do its work: ${foreign(message)} Look at it: \`${commandLine(invocation, 'check')}\``;
}

function where(source: string, vdnIds: readonly number[]): string {
  return `${source}: ${vdnIds.length === 1 ? 'VDN' : countOf(vdnIds.length, 'VDN')} ${vdnRanges(vdnIds)}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Text that is not the program's own, as chat tools want it: Slack reads `<…>` as links and mentions. */
function foreign(text: string): string {
  const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
  return harmless(shown).replace(/[&<>]/g, (character) => entities[character] ?? '');
}
