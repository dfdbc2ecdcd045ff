import { count, countOf } from '../domain/count-text.ts';
import { formatSpan } from '../domain/time-text.ts';
import type { RunEntry } from '../store/status.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { changesOf, durationMs, lastEnded } from './run-figures.ts';
import { type Trust, verdict } from './verdict.ts';
import { age, instant } from './words.ts';

/** The answer at a glance: one sentence, its colour and sign, and the figures behind it. */
export function masthead(report: PageReport): Html {
  const { trust, sentence } = verdict(report);
  return banner(trust, sentence, figures(report), report.at);
}

/** @param at as of when */
export function banner(trust: Trust, sentence: string, below: Part, at: Date): Html {
  return html`<header class="banner ${trust}">
<p class="name"><b>obs-code-sync</b> OBS result codes, as of ${instant(at)}</p>
<h1>${sign(trust)}<span>${sentence}</span></h1>
${below}
</header>`;
}

function figures({ vdns, runs, at }: PageReport): Html {
  const codes = vdns.reduce((sum, { codeCount }) => sum + codeCount, 0);
  const entries: [string, Part][] = [
    ['VDNs', count(vdns.length)],
    ['Active codes', count(codes)],
    ...lastRuns(runs, at),
  ];
  return html`<dl class="figures">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function lastRuns(runs: readonly RunEntry[], at: Date): [string, Part][] {
  const [newest] = runs;
  const last = lastEnded(runs);
  return [
    ...(newest?.status === 'running' ? [underWay(newest, at)] : []),
    ...(last === undefined ? [] : ended(last, at)),
  ];
}

function underWay({ runId, startedAt }: RunEntry, at: Date): [string, Part] {
  return [`Run ${runId}`, `under way for ${age(at.getTime() - startedAt.getTime())}`];
}

function ended(run: RunEntry, at: Date): [string, Part][] {
  const { runId, status, startedAt, requests } = run;
  return [
    [`Run ${runId}`, `${status}, ${age(at.getTime() - startedAt.getTime())} ago`],
    ['Took', `${formatSpan(durationMs(run, at))}, ${countOf(requests, 'request')}`],
    ['Changed', countOf(changesOf(run), 'code')],
  ];
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

/** The sign for the browser's tab, where no style sheet reaches. */
export function favicon(trust: Trust): Html {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="12" fill="${faviconColours[trust]}"/><g fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round">${shapes[trust]}</g></svg>`;
}

/** For the browser's tab. */
export const titles: Readonly<Record<Trust, string>> = {
  good: 'Reports can be trusted · obs-code-sync',
  partly: 'Reports can be trusted, with exceptions · obs-code-sync',
  bad: 'Reports cannot be trusted · obs-code-sync',
  unknown: 'Nothing to tell · obs-code-sync',
};
