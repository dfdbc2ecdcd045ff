import { count, countOf } from '../domain/text.ts';
import type { RunEntry, VdnEntry } from '../store/status.ts';
import type { PageReport } from './report.ts';
import { lastEnded } from './runs.ts';
import { age, limit } from './words.ts';

/** Whether today's reports can be trusted: yes; with the exceptions that are counted; no; not known. */
export type Trust = 'good' | 'partly' | 'bad' | 'unknown';

/** How many VDNs the list of this name has. */
export interface ListCount {
  readonly list: 'failing' | 'held' | 'stale';
  readonly number: number;
}

export interface Verdict {
  readonly trust: Trust;
  /** One sentence with the reason, in two parts: between them stand the counts. */
  readonly begin: string;
  readonly counts: readonly ListCount[];
  readonly end: string;
}

/**
 * Reports can be trusted where the codes were verified recently and no change waits for approval. A VDN that is
 * failing but not stale yet is as good as it was at its last verification: it needs a person, not a warning in a
 * report.
 */
export function verdict(report: PageReport): Verdict {
  const { vdns } = report;
  if (vdns.length === 0) return nothingKnown(report);
  const counts = (['failing', 'held', 'stale'] as const)
    .map((list) => ({ list, number: vdns.filter((vdn) => vdn[list]).length }))
    .filter(({ number }) => number > 0);
  const doubtful = vdns.filter(({ stale, held }) => stale || held).length;
  if (doubtful > 0) {
    const mostly = doubtful > vdns.length / 2;
    const trusted = mostly ? 'cannot be trusted for' : 'can be trusted except for';
    const begin = `Today’s reports ${trusted} ${someOf(doubtful, vdns.length)}: `;
    return { trust: mostly ? 'bad' : 'partly', begin, counts, end: '.' };
  }
  const begin = `Today’s reports can be trusted: ${verified(vdns, report)}${counts.length > 0 ? '; ' : ''}`;
  const trouble = troubleOf(lastEnded(report.runs), report.at);
  const good = counts.length === 0 && trouble === '';
  return { trust: good ? 'good' : 'partly', begin, counts, end: trouble === '' ? '.' : `, but ${trouble}.` };
}

/** The counts as the headline says them: `2 failing, 3 held, 4 stale`. */
export function countInWords({ list, number }: ListCount): string {
  return `${count(number)} ${list}`;
}

function nothingKnown({ runs }: PageReport): Verdict {
  const reason = runs.length === 0 ? 'no run has been made' : 'no VDN is configured';
  return { trust: 'unknown', begin: `There is nothing to trust yet: ${reason}.`, counts: [], end: '' };
}

function verified(vdns: readonly VdnEntry[], { staleAfterMs }: PageReport): string {
  const oldest = vdns.reduce((most, { ageMs }) => Math.max(most, ageMs ?? 0), 0);
  const within = `verified within the last ${limit(staleAfterMs)}`;
  return vdns.length === 1
    ? `the one VDN was ${within}, ${age(oldest)} ago`
    : `all ${countOf(vdns.length, 'VDN')} were ${within}, the oldest ${age(oldest)} ago`;
}

function someOf(some: number, all: number): string {
  if (some < all) return `${count(some)} of ${countOf(all, 'VDN')}`;
  return all === 1 ? 'the only VDN' : `any of ${countOf(all, 'VDN')}`;
}

function troubleOf(last: RunEntry | undefined, at: Date): string {
  if (last === undefined) return '';
  const { status, startedAt, vdns } = last;
  const ago = `${age(at.getTime() - startedAt.getTime())} ago`;
  if (status === 'failed') return `the last run failed ${ago}`;
  if (status === 'interrupted') return `the last run was interrupted ${ago}`;
  return vdns.skipped > 0 ? `the last run skipped ${countOf(vdns.skipped, 'VDN')}` : '';
}
