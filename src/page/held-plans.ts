import { countOf } from '../domain/count-text.ts';
import { differenceInWords } from '../domain/difference-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { HeldEntry } from '../store/held-plans.ts';
import { changeText, codeText } from './change-text.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { command } from './sections.ts';
import { age, instant } from './words.ts';

const mostCodes = 12;

/** Each held difference, in the VDNs that have it, with the command that approves exactly that. */
export function heldPlans({ held: { plans, total }, vdns, at, program }: PageReport): Part {
  if (total === 0) return '';
  const held = vdns.filter((vdn) => vdn.held).length;
  const hidden = total - plans.length;
  return html`<h3><i class="cell held"></i> Held: ${countOf(total, 'suspicious change')} in ${countOf(held, 'VDN')}</h3>
${plans.map((entry) => plan(entry, at, program))}
${hidden > 0 ? html`<p class="more">And ${countOf(hidden, 'more change')}; <code>${program} status --json</code> lists all.</p>` : ''}`;
}

function plan({ plan, source, vdnIds, heldSince, difference }: HeldEntry, at: Date, program: string): Html {
  return html`<article class="plan" aria-label="Plan ${plan}">
<p><b>${source}, VDN ${vdnRanges(vdnIds)}</b>, held since ${instant(heldSince)}, ${age(at.getTime() - heldSince.getTime())} ago.
The source would ${differenceInWords(difference)}; reports show what was there before.</p>
${differenceTable(difference, program)}
<p>If that is right, approve it: ${command(`${program} sync --approve ${plan}`)}</p>
</article>`;
}

function differenceTable(difference: HeldEntry['difference'], program: string): Html {
  const hidden = difference.length - mostCodes;
  return html`<table class="codes"><caption>The difference</caption>
<thead><tr><th scope="col">Change</th><th scope="col">Code</th><th scope="col">Description</th></tr></thead>
<tbody>
${difference
  .slice(0, mostCodes)
  .map(
    (change) =>
      html`<tr><td><span class="kind ${change.kind}">${change.kind}</span></td><th scope="row">${codeText(change.obsCode)}</th><td>${changeText(change)}</td></tr>\n`,
  )}</tbody></table>
${hidden > 0 ? html`<p class="more">And ${countOf(hidden, 'more code')}; <code>${program} status --json</code> lists all.</p>` : ''}`;
}
