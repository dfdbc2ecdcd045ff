import { countOf } from '../domain/count-text.ts';
import type { VdnEntry } from '../store/status.ts';
import { type Html, html, type Part } from './html.ts';
import type { VdnState } from './vdn-state.ts';
import { age } from './words.ts';

export interface VdnCell {
  readonly vdn: VdnEntry;
  readonly state: VdnState;
}

/** The VDNs of one source; `name` sets its groups of cells apart from those of other sources. */
export interface SourceCells {
  readonly source: string;
  readonly name: string;
  readonly cells: readonly VdnCell[];
}

/** Up to so many VDNs each cell has room for its number; beyond, it is a dot at its number's place. */
const mostNumbered = 300;
const rowLength = 100;

/** What is divided by a gap, with a number before it: hundreds, or five of them where there are many. */
const blockLengths = { few: 100, many: 500, manyFrom: 1000 };

/**
 * A source's VDNs. A cell is a radio button of the browser's own, so that its figures show where the pointer or the
 * keyboard is, without a script: each row of a hundred is one group, hence one stop of the tab key, and the arrow
 * keys go through its cells.
 */
export function sourceCells(of: SourceCells): Html {
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

function numbered({ source, name, cells }: SourceCells, commonest: VdnState): Html {
  return html`<div class="cells" role="radiogroup" aria-label="VDNs of ${source}">${cells.map(
    (cell) => html`<input value="${cell.vdn.vdnId}" ${attributes(cell, name, commonest)}>`,
  )}</div>`;
}

function blocks({ source, name, cells }: SourceCells, commonest: VdnState): Part {
  const { few, many, manyFrom } = blockLengths;
  const blockLength = cells.length < manyFrom ? few : many;
  const byBlock = Map.groupBy(cells, ({ vdn }) => Math.floor(vdn.vdnId / blockLength));
  return [...byBlock].map(([block, ofBlock]) => {
    const byRow = Map.groupBy(ofBlock, ({ vdn }) => Math.floor(vdn.vdnId / rowLength));
    return html`<b>${block * blockLength}</b><div>${[...byRow].map(([row, ofRow]) => {
      const first = row * rowLength;
      return html`<div class="cells" role="radiogroup" aria-label="${source}, ${first} to ${first + rowLength - 1}">${dots(
        { source, name: `${name}-${row}`, cells: ofRow },
        first,
        commonest,
      )}</div>\n`;
    })}</div>`;
  });
}

/** The cells of a row at their places, with gaps where no VDN is configured. */
function dots({ name, cells }: SourceCells, first: number, commonest: VdnState): Part {
  let next = first;
  return cells.map((cell) => {
    const missing = gaps.slice(0, cell.vdn.vdnId - next);
    next = cell.vdn.vdnId + 1;
    return html`${missing}<input ${attributes(cell, name, commonest)}>`;
  });
}

const gaps: readonly Html[] = Array.from({ length: rowLength }, () => html`<i></i>`);

function attributes({ vdn, state }: VdnCell, group: string, commonest: VdnState): Html {
  const own = state === commonest ? '' : html`class=${state} `;
  return html`${own}type=radio name=${group} aria-label="${figures(vdn)}"`;
}

function figures({ vdnId, codeCount, ageMs, held, failing }: VdnEntry): string {
  const verified = ageMs === null ? 'never verified' : `verified ${age(ageMs)} ago`;
  return `VDN ${vdnId}: ${countOf(codeCount, 'code')}, ${verified}${held ? ', held' : ''}${failing ? ', failing' : ''}`;
}

const ruler = html`<p class="ruler" aria-hidden="true">${Array.from(
  { length: 10 },
  (_, tens) => html`<span>+${tens * 10}</span>`,
)}</p>`;
