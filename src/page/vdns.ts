import { count, countOf } from '../domain/text.ts';
import type { VdnEntry } from '../store/status.ts';
import { folded, type Html, html, type Part, section } from './html.ts';
import type { PageReport } from './report.ts';
import { age, clipped, limit } from './words.ts';

/** Every VDN as a cell, coloured by how fresh it is, source by source; folded where there are very many. */
export function vdnMap({ vdns, staleAfterMs }: PageReport): Html {
  if (vdns.length === 0) {
    const content = html`<p class="empty">No VDN is known yet. The first sync lists every configured one, also those that fail.</p>`;
    return section('map', 'Every VDN', content);
  }
  const reasoned = vdns.filter(({ failing, held }) => failing || held).length <= mostReasons;
  const cells = vdns.map((vdn): VdnCell => ({ vdn, state: vdnState(vdn, staleAfterMs), reasoned }));
  const sources = [...Map.groupBy(cells, ({ vdn }) => vdn.source)];
  const maps = html`<p class="aside">${hint}</p>
${sources.map(
  ([source, ofSource], index) => html`<h3>${source} <small>${countOf(ofSource.length, 'VDN')}</small></h3>
${sourceCells({ source, firstGroup: index * rowsOfSource, cells: ofSource })}
`,
)}`;
  return section(
    'map',
    'Every VDN',
    html`${legend(cells, staleAfterMs)}
${vdns.length > mostUnfolded ? folded(`A map of ${countOf(vdns.length, 'VDN')}`, maps) : maps}`,
  );
}

/** This many still fit a few screens of a telephone. */
const mostUnfolded = 1000;

/** Up to this many VDNs the map says why each is held or failing; beyond, the page would exceed a megabyte. */
const mostReasons = 300;

const hint =
  'Point at a VDN for its figures: its codes, and when they were verified. On the keyboard, the tab key goes from group to group and the arrow keys go through a group.';

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

export interface VdnCell {
  readonly vdn: VdnEntry;
  readonly state: VdnState;
  /** Whether its figures say why it is held or failing. */
  readonly reasoned: boolean;
}

/** The VDNs of one source; numbers from `firstGroup` on set its groups of cells apart from those of other sources. */
export interface SourceCells {
  readonly source: string;
  readonly firstGroup: number;
  readonly cells: readonly VdnCell[];
}

/** Up to this many VDNs each cell shows its number; beyond, it is a dot in its place. */
const mostNumbered = 300;
const rowLength = 100;
const rowsOfSource = 100;

/** What is divided by a gap, with a number before it: hundreds, or five of them where there are many. */
const blockLengths = { few: 100, many: 500, manyFrom: 1000 };

/**
 * A source's VDNs. A cell is a radio button of the browser's own, so that its figures show where the pointer or the
 * keyboard is, without a script: each row of a hundred is one group, hence one stop of the tab key, and the arrow
 * keys go through its cells.
 */
function sourceCells(of: SourceCells): Html {
  const commonest = commonestState(of.cells);
  return of.cells.length <= mostNumbered
    ? html`<div class="map numbered ${commonest}">${numbered(of, commonest)}</div>`
    : html`<div class="map dots ${commonest}">${ruler}${blocks(of, commonest)}</div>`;
}

/** It stands once, before all cells: there may be ten thousand, so every byte of a cell counts. */
function commonestState(cells: readonly VdnCell[]): VdnState {
  const byState = [...Map.groupBy(cells, ({ state }) => state)];
  return byState.reduce((most, entry) => (entry[1].length > most[1].length ? entry : most))[0];
}

function numbered({ source, firstGroup, cells }: SourceCells, commonest: VdnState): Html {
  return html`<div class="cells" role="radiogroup" aria-label="VDNs of ${source}">${cells.map(
    (cell) => html`<input value="${cell.vdn.vdnId}" ${attributes(cell, firstGroup, commonest)}>`,
  )}</div>`;
}

function blocks({ source, firstGroup, cells }: SourceCells, commonest: VdnState): Part {
  const { few, many, manyFrom } = blockLengths;
  const blockLength = cells.length < manyFrom ? few : many;
  const byBlock = Map.groupBy(cells, ({ vdn }) => Math.floor(vdn.vdnId / blockLength));
  return [...byBlock].map(([block, ofBlock]) => {
    const byRow = Map.groupBy(ofBlock, ({ vdn }) => Math.floor(vdn.vdnId / rowLength));
    return html`<b>${block * blockLength}</b><div>${[...byRow].map(([row, ofRow]) => {
      const first = row * rowLength;
      return html`<div class="cells" role="radiogroup" aria-label="${source}, ${first} to ${first + rowLength - 1}">${dots(ofRow, first, firstGroup + row, commonest)}</div>\n`;
    })}</div>`;
  });
}

/** The cells of a row at their places, with gaps where no VDN is configured. */
function dots(cells: readonly VdnCell[], first: number, group: number, commonest: VdnState): Part {
  let next = first;
  return cells.map((cell) => {
    const missing = gaps.slice(0, cell.vdn.vdnId - next);
    next = cell.vdn.vdnId + 1;
    return html`${missing}<input ${attributes(cell, group, commonest)}>`;
  });
}

const gaps: readonly Html[] = Array.from({ length: rowLength }, () => html`<i></i>`);

/** The group's number in few characters: it stands in ten thousand cells. */
function attributes({ vdn, state, reasoned }: VdnCell, group: number, commonest: VdnState): Html {
  const own = state === commonest ? '' : html`class=${letters[state]} `;
  return html`${own}type=radio name=${group.toString(36)} aria-label="${figures(vdn, reasoned)}"`;
}

/** Without the word “verified”: ten thousand times it is a tenth of the page. */
function figures(vdn: VdnEntry, reasoned: boolean): string {
  const { vdnId, codeCount, ageMs, held, failing } = vdn;
  const verified = ageMs === null ? 'never verified' : ageMs < 0 ? 'in the future' : `${age(ageMs)} ago`;
  const states = [
    held ? `held${why(vdn.heldReason, reasoned)}` : '',
    failing ? failingText(vdn, reasoned) : '',
  ];
  return [`VDN ${vdnId}: ${countOf(codeCount, 'code')}`, verified, ...states].filter(Boolean).join(', ');
}

function failingText({ errorCode, errorMessage }: VdnEntry, reasoned: boolean): string {
  return `failing${reasoned && errorCode !== null ? ` (${errorCode})` : ''}${why(errorMessage, reasoned)}`;
}

function why(reason: string | null, reasoned: boolean): string {
  return reasoned && reason !== null ? `: ${clipped(reason, 120)}` : '';
}

const ruler = html`<p class="ruler" aria-hidden="true">${Array.from(
  { length: 10 },
  (_, tens) => html`<span>+${tens * 10}</span>`,
)}</p>`;

/** How a VDN is shown, the most urgent first. */
const vdnStates = ['failing', 'held', 'never', 'stale', 'ageing', 'fresh'] as const;
export type VdnState = (typeof vdnStates)[number];

/** A state's class where a cell differs from most of its map. */
const letters: Readonly<Record<VdnState, string>> = {
  ...{ failing: 'x', held: 'h', never: 'n', stale: 's', ageing: 'a', fresh: 'f' },
};

/**
 * A VDN that was not verified last night shows before it is stale: of the default of 36 h, two thirds are the day
 * after which the next night is due.
 */
const ageingShare = 2 / 3;

function vdnState({ failing, held, stale, ageMs }: VdnEntry, staleAfterMs: number): VdnState {
  if (failing) return 'failing';
  if (held) return 'held';
  if (ageMs === null) return 'never';
  if (stale) return 'stale';
  return ageMs > staleAfterMs * ageingShare ? 'ageing' : 'fresh';
}
