import { commandLine } from '../domain/invocation.ts';
import { count, countOf, formatSpan } from '../domain/text.ts';
import { type FatalCode, FatalError } from '../errors.ts';
import type { RunEntry } from '../store/status.ts';
import { recentChanges } from './changes.ts';
import { needsPerson } from './exceptions.ts';
import { type Html, html, type Part, pageDocument } from './html.ts';
import type { PageReport, PageSettings } from './report.ts';
import { changesOf, durationMs, lastEnded, lastRuns, progressInWords } from './runs.ts';
import { vdnMap } from './vdns.ts';
import { countInWords, type ListCount, type Trust, verdict } from './verdict.ts';
import { age, instant, limit } from './words.ts';

/** The status page as one self-contained HTML document; the same report gives the same page. */
export function renderStatusPage(report: PageReport): string {
  const { trust, begin, counts, end } = verdict(report);
  const sentence = html`${begin}${links(counts)}${end}`;
  return pageDocument({
    title: titles[trust],
    icon: favicon(trust),
    content: html`${banner(trust, nameLine(report), sentence, figures(report))}
<main>
${needsPerson(report)}
${recentChanges(report)}
${lastRuns(report)}
${vdnMap(report)}
</main>
${footer(report)}`,
  });
}

/** Each count leads to its list. */
function links(counts: readonly ListCount[]): Part {
  return counts.map(
    (entry, index) => html`${index > 0 ? ', ' : ''}<a href="#${entry.list}">${countInWords(entry)}</a>`,
  );
}

/** The answer at a glance: one sentence, its colour and sign, and the figures behind it. */
function banner(trust: Trust, name: Part, sentence: Part, below: Part): Html {
  return html`<header class="banner ${trust}">
<p class="name"><b>obs-code-sync</b> ${name}</p>
<h1>${sign(trust)}<span>${sentence}</span></h1>
${below}
</header>`;
}

function nameLine({ at, timezone, version, database }: PageReport): Html {
  return html`${version} · database <b>${database.name}</b>, schema <b>${database.schema}</b> · as of ${instant(at, timezone)}`;
}

function figures({ vdns, runs, at, nextRun, timezone }: PageReport): Html {
  const codes = vdns.reduce((sum, { codeCount }) => sum + codeCount, 0);
  const entries: [string, Part][] = [
    ['VDNs', count(vdns.length)],
    ['Active codes', count(codes)],
    ...lastRunFigures(runs, at),
    ...(nextRun === undefined ? [] : [['Next run:', instant(nextRun, timezone)] as [string, Part]]),
  ];
  return html`<dl class="figures">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt> <dd>${value}</dd></div>`,
  )}</dl>`;
}

function lastRunFigures(runs: readonly RunEntry[], at: Date): [string, Part][] {
  const [newest] = runs;
  const last = lastEnded(runs);
  return [
    ...(newest?.status === 'running' ? [underWay(newest, at)] : []),
    ...(last === undefined ? [] : ended(last, at)),
  ];
}

function underWay(run: RunEntry, at: Date): [string, Part] {
  return [`Run ${run.runId}`, progressInWords(run, at)];
}

function ended(run: RunEntry, at: Date): [string, Part][] {
  const { runId, status, startedAt, requests } = run;
  return [
    [`Run ${runId}`, `${status}, ${age(at.getTime() - startedAt.getTime())} ago`],
    ['Took', `${formatSpan(durationMs(run, at))}, ${countOf(requests, 'request')}`],
    ['Changed', countOf(changesOf(run), 'code')],
  ];
}

function footer({ staleAfterMs, invocation, timezone }: PageReport): Html {
  return html`<footer><p>A VDN is <b>verified</b> when its whole list was read and is what the tables hold. It is <b>stale</b> when that
was more than ${limit(staleAfterMs)} ago, <b>failing</b> when the last attempt to read it failed, and <b>held</b> when its list changed so much
that a person must approve it first. Times are those of ${timezone}. The same in figures: <code>${commandLine(invocation, 'status --json')}</code>.</p></footer>`;
}

/** Told apart by shape as well as by colour. */
const shapes: Readonly<Record<Trust, Html>> = {
  good: html`<path d="M6.5 12.5l3.5 3.5 7.5-8"/>`,
  partly: html`<path d="M12 5.5v8.5M12 17.7v.3"/>`,
  bad: html`<path d="M7.5 7.5l9 9M16.5 7.5l-9 9"/>`,
  unknown: html`<path d="M7 12h10"/>`,
};

function sign(trust: Trust): Html {
  return html`<svg class="sign" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="12"/>${shapes[trust]}</svg>`;
}

const faviconColours: Readonly<Record<Trust, string>> = {
  good: '#1f7a4d',
  partly: '#b26a00',
  bad: '#b3261e',
  unknown: '#5b6573',
};

/** The icon of the browser's tab, which no style sheet can style. */
function favicon(trust: Trust): Html {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="12" fill="${faviconColours[trust]}"/><g fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round">${shapes[trust]}</g></svg>`;
}

/** For the browser's tab. */
const titles: Readonly<Record<Trust, string>> = {
  good: 'Reports can be trusted · obs-code-sync',
  partly: 'Reports can be trusted, with exceptions · obs-code-sync',
  bad: 'Reports cannot be trusted · obs-code-sync',
  unknown: 'Nothing synced yet · obs-code-sync',
};

export interface PageAnswer {
  /** The whole document, also where there is no report. */
  readonly page: string;
  /** Why there is none; its message names the database's host, which the page does not. */
  readonly failure: FatalError | undefined;
}

/** The page, also without a database: an older page would still say that all is well. */
export async function answerWithPage(
  read: () => Promise<PageReport>,
  settings: Pick<PageSettings, 'invocation' | 'timezone'>,
): Promise<PageAnswer> {
  try {
    return { page: renderStatusPage(await read()), failure: undefined };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { page: renderUnavailablePage(error.code, settings, new Date()), failure: error };
  }
}

/**
 * The page while the database does not answer or cannot be used. It gives only the kind of reason: the message, which
 * is in the log, names the database.
 */
export function renderUnavailablePage(
  code: FatalCode,
  { invocation, timezone }: Pick<PageSettings, 'invocation' | 'timezone'>,
  at: Date,
): string {
  const sentence = `Whether today’s reports can be trusted is not known: ${reasons[code] ?? 'the database cannot be read'}.`;
  const below = html`<p>${advice(code)} <code class="command">${commandLine(invocation, 'check')}</code> says what is wrong, and so does the log. Stored codes are
not lost; reports that can reach the database still show what was verified last.</p>`;
  return pageDocument({
    title: 'The database is away · obs-code-sync',
    icon: favicon('bad'),
    content: html`${banner('bad', html`as of ${instant(at, timezone)}`, sentence, '')}<main>${below}</main>`,
  });
}

const reasons: Partial<Record<FatalCode, string>> = {
  'database-unreachable': 'the database cannot be reached',
  'database-unusable':
    'the database answers but cannot be used, since its schema or a permission does not fit',
  locked: 'the embedded database is open in another process',
};

function advice(code: FatalCode): string {
  return code === 'database-unusable'
    ? 'Run the migrations, or grant the missing right.'
    : 'Reload this page in a minute.';
}
