import { failingVdns } from './failing-vdns.ts';
import { heldPlans } from './held-plans.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { section } from './sections.ts';
import { staleVdns } from './stale-vdns.ts';
import { limit } from './words.ts';

/** What somebody must look at: what is held, what is failing, what is stale. */
export function needsPerson(report: PageReport): Html {
  const blocks: Part[] = [
    lastRunError(report),
    heldPlans(report),
    failingVdns(report),
    staleVdns(report),
  ].filter((block) => block !== '');
  const content = blocks.length > 0 ? blocks : html`<p class="empty">${nothing(report)}</p>`;
  return section('needs-person', 'What needs a person', content);
}

function nothing({ vdns, runs, program, staleAfterMs }: PageReport): Part {
  if (runs.length === 0) {
    return html`The first run: <code class="command">${program} sync</code>. Until then there is nothing to look at.`;
  }
  if (vdns.length === 0)
    return 'No VDN is configured: put some under vdns in the configuration, and run sync.';
  return `Nothing: no VDN is held, failing, or unverified for more than ${limit(staleAfterMs)}.`;
}

/** A run that broke off as a whole; what it means for each VDN stands below. */
function lastRunError({ runs }: PageReport): Part {
  const last = runs.find(({ status }) => status !== 'running');
  if (last === undefined || last.errorMessage === null) return '';
  return html`<h3><i class="cell failing"></i> Run ${last.runId} ${last.status === 'interrupted' ? 'was interrupted' : 'broke off'}</h3>
<p>${last.errorMessage}</p>`;
}
