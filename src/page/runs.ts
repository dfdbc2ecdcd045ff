import { count, countOf } from '../domain/count-text.ts';
import { formatSpan } from '../domain/time-text.ts';
import type { RunEntry } from '../store/status.ts';
import type { RunStatus } from '../store/tables.ts';
import { type Html, html } from './html.ts';
import type { PageReport } from './report.ts';
import { runBars, runSwatch } from './run-bars.ts';
import { codesInWords, durationMs, vdnsInWords } from './run-figures.ts';
import { section, table } from './sections.ts';
import { instant } from './words.ts';

/** How the runs of late went: as bars, and as a table for whoever wants to read the figures. */
export function lastRuns({ runs, at, program }: PageReport): Html {
  if (runs.length === 0) {
    const content = html`<p class="empty">No run has been made yet; <code>${program} sync</code> makes the first.</p>`;
    return section('runs', 'How the runs went', content);
  }
  const title = runs.length === 1 ? 'How the only run went' : `How the last ${runs.length} runs went`;
  const content = html`${runBars(runs, at)}
${legend(runs)}
<details><summary>${countOf(runs.length, 'run')} as a table</summary>
${runsTable(runs, at)}</details>`;
  return section('runs', title, content);
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

function runsTable(runs: readonly RunEntry[], at: Date): Html {
  return table(
    'Runs, newest first',
    ['Run', 'Started', 'Took', 'Status', 'VDNs', 'Codes', 'Requests'],
    runs.map((run) => [
      run.runId,
      instant(run.startedAt),
      formatSpan(durationMs(run, at)),
      run.status,
      vdnsInWords(run),
      codesInWords(run),
      count(run.requests),
    ]),
  );
}
