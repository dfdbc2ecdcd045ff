import { formatSpan } from '../domain/time-text.ts';
import type { RunEntry } from '../store/status.ts';
import type { RunStatus } from '../store/tables.ts';
import { type Html, html, type Part } from './html.ts';
import { changesOf, durationMs, runInWords } from './run-figures.ts';
import { shortCount } from './words.ts';

/** A few runs do not become a few broad walls. */
const fewestSlots = 12;

/** As many dates as fit beside each other on a telephone. */
const mostDates = 6;

/** In pixels from the top; across, everything is a share of the width, so that text keeps its size on any screen. */
const panels = { duration: { top: 24, base: 96 }, changes: { top: 150, base: 206 }, dates: 224, height: 230 };
const markY = 106;
const shortestBar = 2;

/**
 * The runs as bars, oldest first: above how long each took, below how many codes it changed, coloured by how it
 * ended, with a mark under each bar that did not end well.
 *
 * @param runs newest first, at least one
 */
export function runBars(runs: readonly RunEntry[], at: Date): Html {
  const bars = [...runs].reverse();
  const longest = Math.max(1, ...bars.map((run) => durationMs(run, at)));
  const most = Math.max(1, ...bars.map(changesOf));
  const dateEvery = Math.ceil(bars.length / mostDates);
  const slot = 100 / Math.max(bars.length, fewestSlots);
  const { duration, changes, height } = panels;
  return html`<svg class="bars" width="100%" height="${height}" role="img" aria-label="${inWords(bars, longest, at)}">
<text x="0" y="11">Duration; longest ${formatSpan(longest)}</text>
<text x="0" y="${changes.top - 20}">Codes changed</text>
<line x1="0" x2="100%" y1="${duration.base}" y2="${duration.base}"/>
<line x1="0" x2="100%" y1="${changes.base}" y2="${changes.base}"/>
${bars.map((run, index) => {
  const labelled =
    (bars.length - 1 - index) % dateEvery === 0 && dateOf(run) !== dateOf(bars[index - dateEvery]);
  return html`<svg class="run ${run.status}" x="${percent(index * slot)}" width="${percent(slot)}"><title>${runInWords(run, at)}</title>
<rect class="reach" width="100%" height="${height}"/>${bar(duration, durationMs(run, at) / longest)}${mark(run.status, '50%', markY)}${
    changesOf(run) === 0 ? '' : changeBar(changesOf(run), most)
  }${labelled ? html`<text class="date" x="50%" y="${panels.dates}">${dateOf(run)}</text>` : ''}</svg>\n`;
})}</svg>`;
}

function bar({ top, base }: { top: number; base: number }, share: number): Html {
  const length = Math.max(shortestBar, Math.round((base - top) * share));
  return html`<rect class="bar" x="20%" width="60%" y="${base - length}" height="${length}"/>`;
}

function changeBar(number: number, most: number): Part {
  const { top, base } = panels.changes;
  const length = Math.max(shortestBar, Math.round((base - top) * (number / most)));
  return [
    bar(panels.changes, number / most),
    html`<text class="value" x="50%" y="${base - length - 4}">${shortCount(number)}</text>`,
  ];
}

/** `11-23`. */
function dateOf(run: RunEntry | undefined): string {
  return run?.startedAt.toISOString().slice(5, 10) ?? '';
}

function percent(number: number): string {
  return `${Number(number.toFixed(3))}%`;
}

/** Told apart by shape as well as by colour. */
const marks: Readonly<Record<RunStatus, string>> = {
  succeeded: '',
  partial: 'M-4 3L0 -4L4 3Z',
  failed: 'M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5',
  interrupted: 'M-2.5 -3.5V3.5M2.5 -3.5V3.5',
  running: 'M-2 -4L4 0L-2 4Z',
};

function mark(status: RunStatus, x: string, y: number): Part {
  const path = marks[status];
  return path === ''
    ? ''
    : html`<svg class="mark" x="${x}" y="${y}" overflow="visible"><path d="${path}"/></svg>`;
}

/** A bar of a legend. */
export function runSwatch(status: RunStatus): Html {
  return html`<svg class="run ${status}" width="${marks[status] === '' ? 12 : 26}" height="12" aria-hidden="true"><rect class="bar" width="12" height="12"/>${mark(status, '20', 6)}</svg>`;
}

function inWords(bars: readonly RunEntry[], longest: number, at: Date): string {
  const last = bars.at(-1);
  const changed = bars.reduce((sum, run) => sum + changesOf(run), 0);
  return (
    `Bars of duration and changed codes of ${bars.length} runs, oldest first. The longest took ${formatSpan(longest)}; ` +
    `together they changed ${changed} codes. ${last === undefined ? '' : runInWords(last, at)} The table below has all figures.`
  );
}
