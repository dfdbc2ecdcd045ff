import type { Change } from '../domain/diff.ts';
import { commandLine } from '../domain/invocation.ts';
import { count, countOf, vdnRanges } from '../domain/text.ts';
import type { RecentChange } from '../store/recent-changes.ts';
import { folded, type Html, html, type Part, section } from './html.ts';
import type { PageReport } from './report.ts';
import { changesOf, codesInWords } from './runs.ts';
import { age, clipped, instant } from './words.ts';

const mostUnfolded = 6;

/** What the latest runs changed in the codes, newest first. */
export function recentChanges(report: PageReport): Html {
  const { changes, runsNotListed } = report.changes;
  const content =
    changes.length + runsNotListed.length === 0
      ? html`<p class="empty">${nothing(report)}</p>`
      : [changes.length === 0 ? '' : feed(report), notListed(report)];
  return section('changes', 'What changed lately', content);
}

function nothing({ runs }: PageReport): string {
  if (runs.length === 0) return 'Nothing, since no run has been made yet.';
  return runs.length === 1
    ? 'The one run so far changed no code.'
    : `The last ${runs.length} runs changed no code.`;
}

function feed(report: PageReport): Html {
  const { changes, leftOut } = report.changes;
  const rest = changes.slice(mostUnfolded);
  return html`${changesTable(changes.slice(0, mostUnfolded), report)}
${rest.length > 0 ? folded(countOf(rest.length, 'more change'), changesTable(rest, report)) : ''}
${leftOut > 0 ? html`<p class="more">And ${count(leftOut)} more; ${allChanges(report)} lists all.</p>` : ''}`;
}

function changesTable(changes: readonly RecentChange[], { runs, at, timezone }: PageReport): Html {
  const started = new Map(runs.map(({ runId, startedAt }) => [runId, startedAt]));
  const byRun = [...Map.groupBy(changes, ({ runId }) => runId)];
  return html`<table class="codes"><caption>Changes by run, newest first</caption>
<thead><tr><th scope="col">Change</th><th scope="col">Code</th><th scope="col">Description</th><th scope="col" class="where">Where</th></tr></thead>
${byRun.map(([runId, ofRun]) => runRows(runId, started.get(runId) ?? at, { at, timezone }, ofRun))}</table>`;
}

function runRows(
  runId: number,
  startedAt: Date,
  { at, timezone }: Pick<PageReport, 'at' | 'timezone'>,
  changes: readonly RecentChange[],
): Html {
  return html`<tbody><tr class="run"><th scope="rowgroup" colspan="4">Run ${runId} <small>${instant(startedAt, timezone)}, ${age(at.getTime() - startedAt.getTime())} ago</small></th></tr>
${changes.map(row)}</tbody>`;
}

function row({ kind, obsCode, before, after, source, vdnIds, codes }: RecentChange): Html {
  const where = `${source}, VDN ${vdnRanges(vdnIds)}`;
  const ofCode: Part =
    kind === 'initial' || obsCode === null
      ? html`<td><span class="kind initial">first list</span></td><td colspan="2">${countOf(codes, 'code')} read for the first time</td>`
      : known({ kind, obsCode, before, after });
  return html`<tr>${ofCode}<td class="where">${where}</td></tr>\n`;
}

function known(change: Change): Html {
  return html`<td><span class="kind ${change.kind}">${change.kind}</span></td><th scope="row">${codeText(change.obsCode)}</th><td>${changeText(change)}</td>`;
}

/** A run with very many changes is only counted, and hides the changes before it. */
function notListed(report: PageReport): Part {
  const [first, ...others] = report.changes.runsNotListed;
  if (first === undefined) return '';
  const rest = others.reduce((sum, run) => sum + changesOf(run), 0);
  return html`<p class="more">Run ${first.runId} changed ${countOf(changesOf(first), 'code')} (${codesInWords(first)}), too many to be listed here${
    rest > 0 ? `, and ${countOf(others.length, 'run')} before it ${countOf(rest, 'code')}` : ''
  }; ${allChanges(report)} lists them.</p>`;
}

/** The command that lists what the page leaves out, as far back as the page goes. */
function allChanges({ runs, at, invocation }: PageReport): Html {
  const oldest = runs.findLast((run) => changesOf(run) > 0)?.startedAt ?? at;
  const days = Math.ceil((at.getTime() - oldest.getTime()) / 86_400_000);
  return html`<code>${commandLine(invocation, `changes --since ${days}d`)}</code>`;
}

/** What a change does to a code's text: the old one above the new one, what differs between them marked. */
export function changeText({ kind, before, after }: Pick<Change, 'kind' | 'before' | 'after'>): Html {
  if (kind === 'added') return line('', textOf(after));
  if (kind === 'removed') return line('', textOf(before));
  if (before === after) return line('', textOf(after));
  if (before === null || after === null) {
    return html`${line('was', textOf(before))}${line('now', textOf(after))}`;
  }
  const { start, end, olds, news } = differing(clipped(before), clipped(after));
  return html`${line('was', html`${start}<del>${olds}</del>${end}`)}${line('now', html`${start}<ins>${news}</ins>${end}`)}`;
}

/** A code as the source sent it. */
export function codeText(obsCode: string): Html {
  return html`<code><bdi>${clipped(obsCode, 60)}</bdi></code>`;
}

function line(label: '' | 'was' | 'now', text: Html): Html {
  return html`<div class="text">${label === '' ? '' : html`<small>${label}</small> `}<bdi>${text}</bdi></div>`;
}

function textOf(description: string | null): Html {
  return description === null ? html`<em>no text</em>` : html`${clipped(description)}`;
}

const words = new Intl.Segmenter('en', { granularity: 'word' });

/** The common beginning and end of two texts, in whole words, and what differs between them. */
function differing(before: string, after: string) {
  const olds = segments(before);
  const news = segments(after);
  const shorter = Math.min(olds.length, news.length);
  let start = 0;
  while (start < shorter && olds[start] === news[start]) start++;
  let end = 0;
  while (end < shorter - start && olds.at(-1 - end) === news.at(-1 - end)) end++;
  const between = (all: readonly string[]) => all.slice(start, all.length - end).join('');
  return {
    start: olds.slice(0, start).join(''),
    end: olds.slice(olds.length - end).join(''),
    olds: between(olds),
    news: between(news),
  };
}

function segments(text: string): string[] {
  return [...words.segment(text)].map(({ segment }) => segment);
}
