import { countChanges } from '../domain/diff.ts';
import { commandLine, withCommandLines } from '../domain/invocation.ts';
import { count, countOf, differenceInWords, vdnRanges } from '../domain/text.ts';
import { exitCodes } from '../errors.ts';
import type { HeldEntry, HeldSource } from '../store/held-plans.ts';
import type { VdnEntry } from '../store/status.ts';
import { changeText, codeText } from './changes.ts';
import { command, folded, type Html, html, type Part, section, table } from './html.ts';
import type { PageReport } from './report.ts';
import { lastEnded } from './runs.ts';
import { age, clipped, instant, limit } from './words.ts';

/** So many entries of each list are shown at once; of a longer one the first two, so that the next list is near. */
const mostSeen = 3;
const seenOfMore = 2;
const mostListed = 25;

/** In characters of markup, for all codes of all held differences: the page has a megabyte for everything. */
const roomForCodes = 40_000;

/** What needs a person: what is failing, held or stale, and a run that ended early. */
export function needsPerson(report: PageReport): Html {
  const blocks: Part[] = [
    lastRunError(report),
    failingVdns(report),
    heldPlans(report),
    staleVdns(report),
  ].filter((block) => block !== '');
  const content = blocks.length > 0 ? blocks : html`<p class="empty">${nothing(report)}</p>`;
  return section('needs-person', 'What needs a person', content);
}

function nothing({ vdns, runs, invocation, staleAfterMs }: PageReport): Part {
  if (runs.length === 0) {
    return html`The first run: ${command(commandLine(invocation, 'sync'))}. Until then there is nothing to look at.`;
  }
  if (vdns.length === 0)
    return html`No VDN is configured. Add some under vdns in the configuration, then: ${command(commandLine(invocation, 'sync'))}`;
  return `Nothing: no VDN is held, failing, or unverified for more than ${limit(staleAfterMs)}.`;
}

/** A run that ended early; what it means for each VDN is below. */
function lastRunError({ runs, invocation }: PageReport): Part {
  const last = lastEnded(runs);
  if (last === undefined || last.errorMessage === null) return '';
  const ended = last.status === 'interrupted' ? 'was interrupted' : 'broke off';
  return html`<h3><i class="cell failing"></i> Run ${last.runId} ${ended}</h3>
<p>${reasonOf(last.exitCode) ?? withCommandLines(last.errorMessage, invocation)}</p>`;
}

/** Messages that could name the database, or are unexpected, are only in the log. */
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

/** The VDNs that could not be brought up to date; those that say the same are one row. */
function failingVdns(report: PageReport): Part {
  const failing = report.vdns.filter((vdn) => vdn.failing);
  if (failing.length === 0) return '';
  const alike = [...Map.groupBy(failing, sameMessage).values()].sort((a, b) => b.length - a.length);
  const { seen, rest } = split(alike.slice(0, mostListed));
  const tableOf = (groups: typeof alike) => {
    const head = ['Where', 'Message', 'Failing since', 'Last verified'];
    return table(
      'Failing VDNs',
      head,
      groups.map((group) => failingRow(group, report)),
      'vdns failures',
    );
  };
  return html`<h3 id="failing"><i class="cell failing"></i> Failing: ${countOf(failing.length, 'VDN')}</h3>
${tableOf(seen)}
${rest.length > 0 ? folded(`${countOf(rest.flat().length, 'VDN')} with ${countOf(rest.length, 'other message')}`, tableOf(rest)) : ''}
${more(report, alike.slice(mostListed).flat().length, 'more VDN', ' with other messages')}`;
}

function sameMessage({ source, errorCode, errorMessage }: VdnEntry): string {
  return JSON.stringify([source, errorCode, errorMessage]);
}

function failingRow(group: readonly VdnEntry[], report: PageReport): Part[] {
  const [first] = group;
  if (first === undefined) return [];
  return [
    where(first.source, group),
    html`<b>${first.errorCode ?? ''}</b> <bdi>${clipped(withCommandLines(first.errorMessage ?? '', report.invocation), 400)}</bdi>`,
    failingSince(group, report),
    lastVerified(group),
  ];
}

function failingSince(group: readonly VdnEntry[], { at, timezone }: PageReport): Html {
  const earliest = group.reduce((a, b) => ((b.failingSince ?? at) < (a.failingSince ?? at) ? b : a));
  const since = earliest.failingSince ?? at;
  const { consecutiveFailures: failures } = earliest;
  const times = failures === 1 ? 'once' : `${count(failures)} times in a row`;
  return html`${instant(since, timezone)} <small>${age(at.getTime() - since.getTime())} ago, ${times}</small>`;
}

/** How far back the reports of a group may be behind. */
function oldestOf(group: readonly VdnEntry[]): VdnEntry {
  return group.reduce((a, b) => ((b.ageMs ?? Infinity) > (a.ageMs ?? Infinity) ? b : a));
}

function lastVerified(group: readonly VdnEntry[]): Part {
  const oldest = oldestOf(group);
  if (oldest.ageMs === null) return 'never';
  return oldest.stale ? html`<b class="stale">${verifiedAgo(oldest)}, stale</b>` : verifiedAgo(oldest);
}

/** Each held difference, in the VDNs that have it: why, what it would change, and the command that approves it. */
function heldPlans(report: PageReport): Part {
  const { held, heldSources, vdns } = report;
  if (held.total === 0) return '';
  const number = vdns.filter((vdn) => vdn.held).length;
  let room = roomForCodes;
  const plans = held.plans.map((entry) => {
    const rows = differenceRows(entry, room);
    room -= rows.join('').length;
    return planArticle(entry, rows, report);
  });
  const { seen, rest } = split(plans);
  return html`<h3 id="held"><i class="cell held"></i> Held: ${countOf(held.total, 'suspicious change')} in ${countOf(number, 'VDN')} <small>Reports show what was there before.</small></h3>
${seen}
${rest.length > 0 ? folded(countOf(rest.length, 'more change'), rest) : ''}
${more(report, held.total - held.plans.length, 'more change')}
${heldSources.filter(({ plans }) => plans > 1).map((source) => sourceArticle(source, report))}`;
}

function planArticle(entry: HeldEntry, rows: readonly Html[], report: PageReport): Html {
  const { plan, source, vdnIds, heldSince, runId, reason, difference } = entry;
  const { at, timezone, invocation } = report;
  const hidden = difference.length - rows.length;
  return html`<article class="plan" aria-label="Plan ${plan}">
<p><b>${source}, VDN ${vdnRanges(vdnIds)}</b>: <bdi>${reason}</bdi>.</p>
<p>Held since ${instant(heldSince, timezone)}, ${age(at.getTime() - heldSince.getTime())} ago, run ${runId}. The source would
${differenceInWords(difference)}: ${remaining(entry, report)}.</p>
${folded(
  `${countOf(difference.length, 'code')} of plan ${plan}`,
  html`<table class="codes"><caption>The difference</caption>
<thead><tr><th scope="col">Change</th><th scope="col">Code</th><th scope="col">Description</th></tr></thead>
<tbody>
${rows}</tbody></table>
${hidden > 0 ? html`<p class="more">And ${countOf(hidden, 'more code')}; <code>${commandLine(invocation, `status --plan ${plan}`)}</code> lists all.</p>` : ''}`,
)}
<p>If that is right, approve it: ${command(commandLine(invocation, `sync --approve ${plan}`))}</p>
</article>`;
}

/** `120 codes now, 40 would remain`; VDNs with the same difference may have lists of different lengths. */
function remaining({ source, vdnIds, difference }: HeldEntry, { vdns }: PageReport): string {
  const concerned = new Set(vdnIds);
  const lengths = vdns
    .filter((vdn) => vdn.source === source && concerned.has(vdn.vdnId))
    .map(({ codeCount }) => codeCount);
  const { added, removed, returned } = countChanges(difference);
  const from = (numbers: readonly number[]) => {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    return least === most ? count(least) : `${count(least)} to ${count(most)}`;
  };
  return `${from(lengths)} codes now, ${from(lengths.map((length) => length + added + returned - removed))} would remain`;
}

/** As many codes as there is room for. */
function differenceRows({ difference }: HeldEntry, room: number): Html[] {
  const rows: Html[] = [];
  let used = 0;
  for (const change of difference) {
    const row = html`<tr><td><span class="kind ${change.kind}">${change.kind}</span></td><th scope="row">${codeText(change.obsCode)}</th><td>${changeText(change)}</td></tr>\n`;
    used += row.toString().length;
    if (used > room) break;
    rows.push(row);
  }
  return rows;
}

function sourceArticle({ source, vdns, plans, plan }: HeldSource, { invocation }: PageReport): Html {
  return html`<article class="plan" aria-label="Plan ${plan}">
<p>All that <b>${source}</b> has held, ${countOf(plans, 'change')} in ${countOf(vdns, 'VDN')}, is approved at once by ${command(commandLine(invocation, `sync --approve ${plan}`))}</p>
</article>`;
}

/**
 * The VDNs whose codes were not verified for too long, longest first. Those of about the same age are one row, and so are
 * those that stand above already.
 */
function staleVdns(report: PageReport): Part {
  const { vdns, staleAfterMs } = report;
  const stale = vdns.filter((vdn) => vdn.stale);
  if (stale.length === 0) return '';
  const sameAge = (vdn: VdnEntry) =>
    JSON.stringify([vdn.source, because(vdn), vdn.failing || vdn.held ? '' : verifiedAgo(vdn)]);
  const ageOf = (group: readonly VdnEntry[]) => oldestOf(group).ageMs ?? Infinity;
  const alike = [...Map.groupBy(stale, sameAge).values()].sort((a, b) => ageOf(b) - ageOf(a));
  const { seen, rest } = split(alike.slice(0, mostListed));
  const tableOf = (groups: typeof alike) =>
    table('Stale VDNs', ['Where', 'Last verified', 'Because'], groups.map(staleRow), 'vdns ages');
  return html`<h3 id="stale"><i class="cell stale"></i> Stale: ${countOf(stale.length, 'VDN')} not verified for more than ${limit(staleAfterMs)}</h3>
${tableOf(seen)}
${rest.length > 0 ? folded(`${countOf(rest.flat().length, 'VDN')} verified later`, tableOf(rest)) : ''}
${more(report, alike.slice(mostListed).flat().length, 'more VDN')}`;
}

function staleRow(group: readonly VdnEntry[]): Part[] {
  const oldest = oldestOf(group);
  const longest = group.some((vdn) => verifiedAgo(vdn) !== verifiedAgo(oldest)) ? ', the longest' : '';
  return [
    where(oldest.source, group),
    html`<b class="stale">${verifiedAgo(oldest)}${longest}</b>`,
    because(oldest),
  ];
}

function because({ failing, held, ageMs }: VdnEntry): string {
  if (failing) return 'failing, see above';
  if (held) return 'held, see above';
  if (ageMs !== null && ageMs < 0) return 'a clock was wrong, so the real time is not known';
  return ageMs === null ? 'no run has read it yet' : 'no run has read it since';
}

function verifiedAgo({ ageMs }: VdnEntry): string {
  if (ageMs === null) return 'never';
  return ageMs < 0 ? 'in the future' : `${age(ageMs)} ago`;
}

function where(source: string, group: readonly VdnEntry[]): Html {
  return html`${source}, VDN ${vdnRanges(group.map(({ vdnId }) => vdnId))}`;
}

/** The rest is folded. */
function split<T>(list: readonly T[]): { seen: T[]; rest: T[] } {
  const seen = list.length <= mostSeen ? list.length : seenOfMore;
  return { seen: list.slice(0, seen), rest: list.slice(seen) };
}

/** What the page has no room for. */
function more({ invocation }: PageReport, number: number, one: string, rest = ''): Part {
  if (number <= 0) return '';
  return html`<p class="more">And ${countOf(number, one)}${rest}; <code>${commandLine(invocation, 'status --json')}</code> lists all.</p>`;
}
