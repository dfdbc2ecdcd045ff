import { count, countOf } from '../domain/count-text.ts';
import type { RunEntry, VdnEntry } from '../store/status.ts';
import type { PageReport } from './report.ts';
import { lastEnded } from './run-figures.ts';
import { age, enumeration, limit } from './words.ts';

/** Whether today's reports can be trusted: yes; with the exceptions that the sentence names; no; nobody knows. */
export type Trust = 'good' | 'partly' | 'bad' | 'unknown';

export interface Verdict {
  readonly trust: Trust;
  /** One sentence with the reason. */
  readonly sentence: string;
}

/**
 * Reports can be trusted where the codes were verified of late and no change waits for approval. A VDN that is
 * failing but not stale yet is as good as it was at its last verification: it needs a person, not a warning in a report.
 */
export function verdict(report: PageReport): Verdict {
  const { vdns } = report;
  if (vdns.length === 0) return nothingKnown(report);
  const doubtful = vdns.filter(({ stale, held }) => stale || held);
  if (doubtful.length > 0) {
    const mostly = doubtful.length > vdns.length / 2;
    const trusted = mostly ? 'cannot be trusted for' : 'can be trusted except for';
    const those = someOf(doubtful.length, vdns.length);
    return {
      trust: mostly ? 'bad' : 'partly',
      sentence: `Today’s reports ${trusted} ${those}: ${whyDoubtful(doubtful, report)}.`,
    };
  }
  const troubles = troublesOf(report);
  const sentence = `Today’s reports can be trusted: ${verified(report)}`;
  if (troubles.length === 0) return { trust: 'good', sentence: `${sentence}.` };
  return { trust: 'partly', sentence: `${sentence}, but ${enumeration(troubles)}.` };
}

function nothingKnown({ runs }: PageReport): Verdict {
  const reason = runs.length === 0 ? 'no run has been made' : 'no VDN is configured';
  return { trust: 'unknown', sentence: `There is nothing to trust yet: ${reason}.` };
}

function verified({ vdns, staleAfterMs }: PageReport): string {
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

/** Each VDN counts once: held before never verified before stale. */
function whyDoubtful(doubtful: readonly VdnEntry[], { staleAfterMs }: PageReport): string {
  const held = doubtful.filter((vdn) => vdn.held).length;
  const never = doubtful.filter((vdn) => !vdn.held && vdn.ageMs === null).length;
  const failing = doubtful.filter((vdn) => !vdn.held && vdn.failing).length;
  const reasons = [
    { number: held, one: 'is', several: 'are', what: 'held for approval' },
    { number: never, one: 'was', several: 'were', what: 'never verified' },
    {
      ...{ number: doubtful.length - held - never, one: 'was', several: 'were' },
      what: `not verified for more than ${limit(staleAfterMs)}`,
    },
  ].filter(({ number }) => number > 0);
  const why = reasons.map(({ number, one, several, what }) => {
    const verb = number === 1 ? one : several;
    const those = number < doubtful.length ? count(number) : number === 1 ? 'it' : 'they';
    return `${those} ${verb} ${what}`;
  });
  return failing === 0
    ? enumeration(why)
    : `${enumeration(why)}; ${countOf(failing, 'VDN is', 'VDNs are')} failing`;
}

function troublesOf({ vdns, runs, at }: PageReport): string[] {
  const failing = vdns.filter((vdn) => vdn.failing).length;
  const last = lastEnded(runs);
  return [
    ...(failing > 0 ? [`${countOf(failing, 'VDN is', 'VDNs are')} failing`] : []),
    ...(last === undefined ? [] : troubleOf(last, at)),
  ];
}

function troubleOf({ status, startedAt, vdns }: RunEntry, at: Date): string[] {
  const ago = `${age(at.getTime() - startedAt.getTime())} ago`;
  if (status === 'failed') return [`the last run failed ${ago}`];
  if (status === 'interrupted') return [`the last run was interrupted ${ago}`];
  return vdns.skipped > 0 ? [`the last run skipped ${countOf(vdns.skipped, 'VDN')}`] : [];
}
