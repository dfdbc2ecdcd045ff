import { pageDocument } from './document.ts';
import { type Html, html } from './html.ts';
import { favicon, masthead, titles } from './masthead.ts';
import { needsPerson } from './needs-person.ts';
import { recentChanges } from './recent-changes.ts';
import type { PageReport } from './report.ts';
import { lastRuns } from './runs.ts';
import { vdnMap } from './vdn-map.ts';
import { verdict } from './verdict.ts';
import { limit } from './words.ts';

/** The status page as one self-contained HTML document; the same report gives the same page. */
export function renderStatusPage(report: PageReport): string {
  const { trust } = verdict(report);
  return pageDocument({
    title: titles[trust],
    icon: favicon(trust),
    content: html`${masthead(report)}
<main>
${needsPerson(report)}
${recentChanges(report)}
${lastRuns(report)}
${vdnMap(report)}
</main>
${footer(report)}`,
  });
}

function footer({ staleAfterMs, program }: PageReport): Html {
  return html`<footer><p>A VDN is <b>verified</b> when its whole list was read and is what the tables hold. It is <b>stale</b> when that
was more than ${limit(staleAfterMs)} ago, <b>failing</b> when the last attempt to read it failed, and <b>held</b> when its list changed so much
that a person must approve it first. All times are UTC. The same in figures: <code>${program} status --json</code>.</p></footer>`;
}
