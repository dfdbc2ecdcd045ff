import { formatSpan } from '../domain/time-text.ts';
import type { RunEntry, VdnEntry } from '../store/status.ts';
import type { PageReport } from './report.ts';
import { age, count, countOf, enumeration } from './words.ts';

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
  if (doubtful.length > vdns.length / 2) {
    return { trust: 'bad', sentence: `Today's reports cannot be trusted: ${doubts(doubtful, report)}.` };
  }
  if (doubtful.length > 0) {
    return {
      trust: 'partly',
      sentence:
        `Today's reports can be trusted except for ${count(doubtful.length)} of ${countOf(vdns.length, 'VDN')}: ` +
        `${doubts(doubtful, report)}.`,
    };
  }
  const troubles = troublesOf(report);
  const sentence = `Today's reports can be trusted: ${verified(report)}`;
  if (troubles.length === 0) return { trust: 'good', sentence: `${sentence}.` };
  return { trust: 'partly', sentence: `${sentence}, but ${enumeration(troubles)}.` };
}

function nothingKnown({ runs }: PageReport): Verdict {
  const reason = runs.length === 0 ? 'no run has been made' : 'no VDN is configured';
  return { trust: 'unknown', sentence: `There is nothing to trust yet: ${reason}.` };
}

function verified({ vdns, staleAfterMs }: PageReport): string {
  const oldest = vdns.reduce((most, { ageMs }) => Math.max(most, ageMs ?? 0), 0);
  const within = `verified within the last ${formatSpan(staleAfterMs)}`;
  return vdns.length === 1
    ? `the one VDN was ${within}, ${age(oldest)} ago`
    : `all ${countOf(vdns.length, 'VDN')} were ${within}, the oldest ${age(oldest)} ago`;
}

/** Each VDN counts once: held before never verified before stale. */
function doubts(doubtful: readonly VdnEntry[], { vdns, staleAfterMs }: PageReport): string {
  const held = doubtful.filter((vdn) => vdn.held).length;
  const never = doubtful.filter((vdn) => !vdn.held && vdn.ageMs === null).length;
  const stale = doubtful.length - held - never;
  const failing = doubtful.filter((vdn) => !vdn.held && vdn.failing).length;
  const some = (number: number, one: string, several: string) =>
    number === vdns.length && number > 1
      ? `all ${count(number)} ${several}`
      : `${count(number)} ${number === 1 ? one : several}`;
  const reasons = [
    held > 0 && `${some(held, 'is', 'are')} held until somebody approves a change`,
    never > 0 && `${some(never, 'was', 'were')} never verified`,
    stale > 0 && `${some(stale, 'was', 'were')} not verified for more than ${formatSpan(staleAfterMs)}`,
  ];
  const why = enumeration(reasons.filter((reason) => reason !== false));
  return failing === 0 ? why : `${why}; ${some(failing, 'is', 'are')} failing`;
}

function troublesOf({ vdns, runs, at }: PageReport): string[] {
  const failing = vdns.filter((vdn) => vdn.failing).length;
  const last = runs.find(({ status }) => status !== 'running');
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
