import type { VdnEntry } from '../store/status.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { section } from './sections.ts';
import { ageingShare, type VdnState, vdnState, vdnStates } from './vdn-state.ts';
import { age, count, countOf, limit } from './words.ts';

/** Up to so many VDNs of a source each cell has room for its number; beyond, it is a dot at its number's place. */
const mostNumbered = 300;
const rowLength = 100;

/** What is divided by a gap, with a number before it: hundreds, or five of them where there are many. */
const blockLengths = { few: 100, many: 500, manyFrom: 1000 };

/**
 * Every VDN as a cell, coloured by how fresh it is. A cell is a radio button of the browser's own, so that figures show
 * where the pointer or the keyboard is, without a script: a row of a hundred is one group, hence one stop of the
 * tab key, and the arrow keys go through its cells.
 */
export function vdnMap({ vdns, staleAfterMs }: PageReport): Html {
  if (vdns.length === 0) {
    const content = html`<p class="empty">No VDN is known yet. The first sync notes every configured one, whatever comes of it.</p>`;
    return section('map', 'Every VDN', content);
  }
  const sources = [...Map.groupBy(vdns, ({ source }) => source)];
  const content = html`${legend(vdns, staleAfterMs)}
${sources.map(
  ([source, ofSource], index) => html`<h3>${source} <small>${countOf(ofSource.length, 'VDN')}</small></h3>
${cellsOf(source, `m${index}`, ofSource, staleAfterMs)}
`,
)}`;
  return section('map', 'Every VDN', content, hint);
}

const hint =
  'Point at a VDN for its figures. On the keyboard, the tab key goes from group to group and the arrow keys go through a group.';

function cellsOf(source: string, name: string, vdns: readonly VdnEntry[], staleAfterMs: number): Html {
  return vdns.length <= mostNumbered
    ? html`<div class="map numbered">${numberedCells(source, name, vdns, staleAfterMs)}</div>`
    : html`<div class="map dots">${ruler}${blocks(source, name, vdns, staleAfterMs)}</div>`;
}

function legend(vdns: readonly VdnEntry[], staleAfterMs: number): Html {
  const stale = limit(staleAfterMs);
  const ageing = limit(staleAfterMs * ageingShare);
  const meanings: Readonly<Record<VdnState, string>> = {
    failing: 'failing',
    held: 'held',
    never: 'never verified',
    stale: `not verified for more than ${stale}`,
    ageing: `verified within ${stale}`,
    fresh: `verified within ${ageing}`,
  };
  const numbers = Map.groupBy(vdns, (vdn) => vdnState(vdn, staleAfterMs));
  return html`<ul class="legend">${vdnStates.map((state) => {
    const number = numbers.get(state)?.length ?? 0;
    return number === 0
      ? ''
      : html`<li><i class="cell ${state}"></i>${count(number)} ${meanings[state]}</li>`;
  })}</ul>`;
}

function numberedCells(source: string, name: string, vdns: readonly VdnEntry[], staleAfterMs: number): Html {
  return html`<div class="cells" role="radiogroup" aria-label="VDNs of ${source}">${vdns.map(
    (vdn) => html`<input value="${vdn.vdnId}" ${cell(vdn, name, staleAfterMs)}`,
  )}</div>`;
}

function blocks(source: string, name: string, vdns: readonly VdnEntry[], staleAfterMs: number): Part {
  const { few, many, manyFrom } = blockLengths;
  const blockLength = vdns.length < manyFrom ? few : many;
  const byBlock = Map.groupBy(vdns, ({ vdnId }) => Math.floor(vdnId / blockLength));
  return [...byBlock].map(([block, ofBlock]) => {
    const byRow = Map.groupBy(ofBlock, ({ vdnId }) => Math.floor(vdnId / rowLength));
    return html`<b>${block * blockLength}</b><div>${[...byRow].map(
      ([row, ofRow]) =>
        html`<div class="cells" role="radiogroup" aria-label="${source} ${row * rowLength} to ${(row + 1) * rowLength - 1}">${dots(row, ofRow, `${name}-${row}`, staleAfterMs)}</div>\n`,
    )}</div>`;
  });
}

/** The cells of a row at their places, with gaps where no VDN is configured. */
function dots(row: number, vdns: readonly VdnEntry[], group: string, staleAfterMs: number): Part {
  let next = row * rowLength;
  return vdns.map((vdn) => {
    const gaps = vdn.vdnId - next;
    next = vdn.vdnId + 1;
    return html`${gap.slice(0, gaps)}<input ${cell(vdn, group, staleAfterMs)}`;
  });
}

const gap: readonly Html[] = Array.from({ length: rowLength }, () => html`<i></i>`);

/** Fresh is what most cells are: it needs no class. There are ten thousand of these, so every byte counts. */
function cell(vdn: VdnEntry, group: string, staleAfterMs: number): Html {
  const state = vdnState(vdn, staleAfterMs);
  return html`${state === 'fresh' ? '' : html`class=${state} `}type=radio name=${group} aria-label="${figures(vdn)}">`;
}

function figures({
  vdnId,
  codeCount,
  ageMs,
  stale,
  held,
  failing,
  consecutiveFailures,
  errorCode,
}: VdnEntry): string {
  const verified = ageMs === null ? 'never verified' : `verified ${age(ageMs)} ago`;
  const states = [
    stale && ageMs !== null && ', stale',
    held && ', held',
    failing && `, failing ${consecutiveFailures} times (${errorCode ?? 'unknown'})`,
  ];
  return `VDN ${vdnId}: ${countOf(codeCount, 'code')}, ${verified}${states.filter(Boolean).join('')}`;
}

const ruler = html`<p class="ruler" aria-hidden="true">${Array.from({ length: 10 }, (_, tens) => html`<span>+${tens * 10}</span>`)}</p>`;
