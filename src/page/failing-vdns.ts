import { count, countOf } from '../domain/count-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { VdnEntry } from '../store/status.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { table } from './sections.ts';
import { age, clipped, instant } from './words.ts';

const mostMessages = 25;

/** The VDNs that could not be brought up to date; those that say the same are one row. */
export function failingVdns({ vdns, at, program }: PageReport): Part {
  const failing = vdns.filter((vdn) => vdn.failing);
  if (failing.length === 0) return '';
  const alike = [...Map.groupBy(failing, sameMessage).values()].sort((a, b) => b.length - a.length);
  const hidden = alike.slice(mostMessages).flat().length;
  return html`<h3><i class="cell failing"></i> Failing: ${countOf(failing.length, 'VDN')}</h3>
${table(
  'Failing VDNs',
  ['Where', 'Message', 'Failing since', 'Last verified'],
  alike.slice(0, mostMessages).map((group) => row(group, at)),
  'vdns failures',
)}
${hidden > 0 ? html`<p class="more">And ${countOf(hidden, 'more VDN')} with other messages; <code>${program} status --json</code> lists all.</p>` : ''}`;
}

function sameMessage({ source, errorCode, errorMessage }: VdnEntry): string {
  return JSON.stringify([source, errorCode, errorMessage]);
}

function row(group: readonly VdnEntry[], at: Date): Part[] {
  const [first] = group;
  if (first === undefined) return [];
  return [
    html`${first.source}, VDN ${vdnRanges(group.map(({ vdnId }) => vdnId))}`,
    html`<b>${first.errorCode ?? ''}</b> <bdi>${clipped(first.errorMessage ?? '', 400)}</bdi>`,
    since(group, at),
    verified(group),
  ];
}

function since(group: readonly VdnEntry[], at: Date): Html {
  const earliest = group.reduce((a, b) => ((b.failingSince ?? at) < (a.failingSince ?? at) ? b : a));
  const failingSince = earliest.failingSince ?? at;
  return html`${instant(failingSince)} <small>${age(at.getTime() - failingSince.getTime())} ago, ${times(earliest.consecutiveFailures)}</small>`;
}

function times(number: number): string {
  return number === 1 ? 'once' : `${count(number)} times in a row`;
}

/** The oldest of the group: how far back its reports may be behind. */
function verified(group: readonly VdnEntry[]): Part {
  const oldest = group.reduce((a, b) => ((b.ageMs ?? Infinity) > (a.ageMs ?? Infinity) ? b : a));
  if (oldest.ageMs === null) return 'never';
  const ago = `${age(oldest.ageMs)} ago`;
  return oldest.stale ? html`<b class="stale">${ago}, stale</b>` : ago;
}
