import { exitCodes } from '../errors.ts';
import { failingVdns } from './failing-vdns.ts';
import { heldPlans } from './held-plans.ts';
import { type Html, html, type Part } from './html.ts';
import type { PageReport } from './report.ts';
import { lastEnded } from './run-figures.ts';
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
  const last = lastEnded(runs);
  if (last === undefined || last.errorMessage === null) return '';
  const ended = last.status === 'interrupted' ? 'was interrupted' : 'broke off';
  return html`<h3><i class="cell failing"></i> Run ${last.runId} ${ended}</h3>
<p>${reasonOf(last.exitCode) ?? last.errorMessage}</p>`;
}

/** Where the message would name the database or might say anything, the log is the place for it. */
function reasonOf(exitCode: number | null): string | undefined {
  switch (exitCode) {
    case exitCodes.databaseUnreachable:
      return 'The database went away during the run and was not back in time. What was finished is kept.';
    case exitCodes.databaseUnusable:
      return 'The database could not be used; the log of the run says why. What was finished is kept.';
    case exitCodes.unexpected:
      return 'It met an unexpected error; the log of the run has it. What was finished is kept.';
    default:
      return undefined;
  }
}
