import { count, countOf } from '../domain/count-text.ts';
import { type Html, html } from './html.ts';
import type { PageReport } from './report.ts';
import { section } from './sections.ts';
import { sourceCells, type VdnCell } from './vdn-cells.ts';
import { ageingShare, type VdnState, vdnState, vdnStates } from './vdn-state.ts';
import { limit } from './words.ts';

/** Every VDN as a cell, coloured by how fresh it is, source by source. */
export function vdnMap({ vdns, staleAfterMs }: PageReport): Html {
  if (vdns.length === 0) {
    const content = html`<p class="empty">No VDN is known yet. The first sync notes every configured one, whatever comes of it.</p>`;
    return section('map', 'Every VDN', content);
  }
  const cells = vdns.map((vdn): VdnCell => ({ vdn, state: vdnState(vdn, staleAfterMs) }));
  const sources = [...Map.groupBy(cells, ({ vdn }) => vdn.source)];
  const content = html`${legend(cells, staleAfterMs)}
${sources.map(
  ([source, ofSource], index) => html`<h3>${source} <small>${countOf(ofSource.length, 'VDN')}</small></h3>
${sourceCells({ source, name: `m${index}`, cells: ofSource })}
`,
)}`;
  return section('map', 'Every VDN', content, hint);
}

const hint =
  'Point at a VDN for its figures. On the keyboard, the tab key goes from group to group and the arrow keys go through a group.';

function legend(cells: readonly VdnCell[], staleAfterMs: number): Html {
  const within = limit(staleAfterMs);
  const meanings: Readonly<Record<VdnState, string>> = {
    failing: 'failing',
    held: 'held',
    never: 'never verified',
    stale: `not verified for more than ${within}`,
    ageing: `verified within ${within}`,
    fresh: `verified within ${limit(staleAfterMs * ageingShare)}`,
  };
  return html`<ul class="legend">${vdnStates.map((state) => {
    const number = cells.filter((cell) => cell.state === state).length;
    return number === 0
      ? ''
      : html`<li><i class="cell ${state}"></i>${count(number)} ${meanings[state]}</li>`;
  })}</ul>`;
}
