import { countOf } from '../domain/count-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { VdnEntry } from '../store/status.ts';
import { html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { table } from './sections.ts';
import { age, limit } from './words.ts';

const mostAges = 25;

/** The VDNs whose codes were not verified for too long, longest first; those of about the same age are one row. */
export function staleVdns({ vdns, staleAfterMs, program }: PageReport): Part {
  const stale = vdns.filter((vdn) => vdn.stale);
  if (stale.length === 0) return '';
  const alike = [...Map.groupBy(stale, sameAge).values()].sort((a, b) => ageOf(b) - ageOf(a));
  const hidden = alike.slice(mostAges).flat().length;
  return html`<h3><i class="cell stale"></i> Stale: ${countOf(stale.length, 'VDN')} not verified for more than ${limit(staleAfterMs)}</h3>
${table('Stale VDNs', ['Where', 'Last verified', 'Because'], alike.slice(0, mostAges).map(row), 'vdns ages')}
${hidden > 0 ? html`<p class="more">And ${countOf(hidden, 'more VDN')}; <code>${program} status --json</code> lists all.</p>` : ''}`;
}

function sameAge(vdn: VdnEntry): string {
  return JSON.stringify([vdn.source, verified(vdn), reason(vdn)]);
}

function ageOf([first]: readonly VdnEntry[]): number {
  return first?.ageMs ?? Infinity;
}

function row(group: readonly VdnEntry[]): Part[] {
  const [first] = group;
  if (first === undefined) return [];
  return [
    html`${first.source}, VDN ${vdnRanges(group.map(({ vdnId }) => vdnId))}`,
    html`<b class="stale">${verified(first)}</b>`,
    reason(first),
  ];
}

function verified({ ageMs }: VdnEntry): string {
  return ageMs === null ? 'never' : `${age(ageMs)} ago`;
}

function reason({ failing, held, ageMs }: VdnEntry): string {
  if (failing) return 'failing, see above';
  if (held) return 'held, see above';
  return ageMs === null ? 'no run has read it yet' : 'no run has read it since';
}
