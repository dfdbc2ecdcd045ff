import { changeKinds } from '../domain/diff.ts';
import { commandLine } from '../domain/invocation.ts';
import { vdnOutcomes } from '../domain/outcome.ts';
import { count, countOf, formatSpan } from '../domain/text.ts';
import type { RunEntry } from '../store/status.ts';
import type { RunStatus } from '../store/tables.ts';
import { folded, type Html, html, type Part, section, table } from './html.ts';
import type { PageReport } from './report.ts';
import { age, instant, moment, shortCount } from './words.ts';

/** How the latest runs went: as bars, and as a table with the figures. A single run is a sentence. */
export function lastRuns({ runs, at, invocation, timezone }: PageReport): Html {
  const [newest] = runs;
  if (newest === undefined) {
    const content = html`<p class="empty">No run has been made yet; <code>${commandLine(invocation, 'sync')}</code> makes the first.</p>`;
    return section('runs', 'How the runs went', content);
  }
  if (runs.length === 1) {
    return section('runs', 'How the only run went', html`<p>${runInWords(newest, at, timezone)}</p>`);
  }
  const content = html`${runBars(runs, at, timezone)}
${legend(runs)}
${folded(`${countOf(runs.length, 'run')} as a table`, runsTable(runs, at, timezone))}`;
  return section('runs', `How the last ${runs.length} runs went`, content);
}

const statuses: readonly (readonly [RunStatus, string])[] = [
  ['succeeded', 'succeeded'],
  ['partial', 'partial: some VDNs failed, were skipped or are held'],
  ['failed', 'failed'],
  ['interrupted', 'interrupted'],
  ['running', 'under way'],
];

function legend(runs: readonly RunEntry[]): Html {
  const entries = statuses
    .map(([status, name]) => ({ status, name, number: runs.filter((run) => run.status === status).length }))
    .filter(({ number }) => number > 0);
  return html`<ul class="legend">${entries.map(
    ({ status, name, number }) => html`<li>${runSwatch(status)}${number} ${name}</li>`,
  )}</ul>`;
}

function runsTable(runs: readonly RunEntry[], at: Date, timezone: string): Html {
  return table(
    'Runs, newest first',
    ['Run', 'Started', 'Took', 'Status', 'VDNs', 'Codes', 'Requests'],
    runs.map((run) => [
      run.runId,
      instant(run.startedAt, timezone),
      formatSpan(durationMs(run, at)),
      run.status,
      vdnsInWords(run),
      codesInWords(run),
      count(run.requests),
    ]),
  );
}

/** The newest run that has ended. */
export function lastEnded(runs: readonly RunEntry[]): RunEntry | undefined {
  return runs.find(({ status }) => status !== 'running');
}

export function changesOf({ codes }: RunEntry): number {
  return codes.added + codes.changed + codes.removed + codes.returned;
}

/** How long the run took, or has been under way. */
export function durationMs({ startedAt, finishedAt }: RunEntry, at: Date): number {
  return Math.max(0, (finishedAt ?? at).getTime() - startedAt.getTime());
}

/** `9,990 unchanged, 4 changed`: what the VDNs of a run came to. */
function vdnsInWords({ vdns }: RunEntry): string {
  return present(vdnOutcomes, vdns) || 'none';
}

/** `2 added, 1 removed`: what the run did to codes. */
export function codesInWords({ codes }: RunEntry): string {
  return present(changeKinds, codes) || 'none';
}

function present<Kind extends string>(all: readonly Kind[], counts: Readonly<Record<Kind, number>>): string {
  return all.flatMap((kind) => (counts[kind] > 0 ? [`${count(counts[kind])} ${kind}`] : [])).join(', ');
}

/** How far a run that is under way has come. */
export function progressInWords({ done, vdns, startedAt }: RunEntry, at: Date): string {
  const since = age(at.getTime() - startedAt.getTime());
  return `under way for ${since}, ${count(done ?? 0)} of ${countOf(vdns.total, 'VDN')} done`;
}

/** The run in one line. */
function runInWords(run: RunEntry, at: Date, timezone: string): string {
  const { runId, startedAt, status, requests } = run;
  const begin = `Run ${runId}, ${moment(startedAt, timezone)}: `;
  if (status === 'running') return `${begin}${progressInWords(run, at)}.`;
  return (
    `${begin}${status} after ${formatSpan(durationMs(run, at))}. VDNs: ${vdnsInWords(run)}. ` +
    `Codes: ${codesInWords(run)}. ${countOf(requests, 'request')}.`
  );
}

/** A few runs do not become very wide bars. */
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
 * @param runs newest first, at least two
 */
function runBars(runs: readonly RunEntry[], at: Date, timezone: string): Html {
  const bars = [...runs].reverse();
  const longest = Math.max(1, ...bars.map((run) => durationMs(run, at)));
  const most = Math.max(1, ...bars.map(changesOf));
  const dateEvery = Math.ceil(bars.length / mostDates);
  const slot = 100 / Math.max(bars.length, fewestSlots);
  const { duration, changes, height } = panels;
  return html`<svg class="bars" width="100%" height="${height}" role="img" aria-label="${inWords(bars, longest, at, timezone)}">
<text x="0" y="11">Duration; longest ${formatSpan(longest)}</text>
<text x="0" y="${changes.top - 20}">Codes changed</text>
<line x1="0" x2="100%" y1="${duration.base}" y2="${duration.base}"/>
<line x1="0" x2="100%" y1="${changes.base}" y2="${changes.base}"/>
${bars.map((run, index) => {
  const labelled =
    (bars.length - 1 - index) % dateEvery === 0 &&
    dateOf(run, timezone) !== dateOf(bars[index - dateEvery], timezone);
  return html`<svg class="run ${run.status}" x="${percent(index * slot)}" width="${percent(slot)}"><title>${runInWords(run, at, timezone)}</title>
<rect class="reach" width="100%" height="${height}"/>${bar(duration, durationMs(run, at) / longest)}${mark(run.status, '50%', markY)}${
    changesOf(run) === 0 ? '' : changeBar(changesOf(run), most)
  }${labelled ? html`<text class="date" x="50%" y="${panels.dates}">${dateOf(run, timezone)}</text>` : ''}</svg>\n`;
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
function dateOf(run: RunEntry | undefined, timezone: string): string {
  return run === undefined ? '' : moment(run.startedAt, timezone).slice(5, 10);
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
function runSwatch(status: RunStatus): Html {
  return html`<svg class="run ${status}" width="${marks[status] === '' ? 12 : 26}" height="12" aria-hidden="true"><rect class="bar" width="12" height="12"/>${mark(status, '20', 6)}</svg>`;
}

function inWords(bars: readonly RunEntry[], longest: number, at: Date, timezone: string): string {
  const last = bars.at(-1);
  const changed = bars.reduce((sum, run) => sum + changesOf(run), 0);
  return (
    `Bars of duration and changed codes of ${bars.length} runs, oldest first. The longest took ${formatSpan(longest)}; ` +
    `together they changed ${changed} codes. ${last === undefined ? '' : runInWords(last, at, timezone)} The table below has all figures.`
  );
}
