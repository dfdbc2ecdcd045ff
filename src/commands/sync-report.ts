import { changeKinds } from '../domain/diff.ts';
import { commandLine, type Invocation, withCommandLines } from '../domain/invocation.ts';
import { type VdnOutcome, vdnOutcomes } from '../domain/outcome.ts';
import { harmless } from '../domain/quote.ts';
import { count, countOf, formatSpan, planInWords } from '../domain/text.ts';
import type { RunSummary } from '../sync/summary.ts';
import { changesTable, rangesOnScreen, sharedChanges } from './differences.ts';
import { coloured, mostOnScreen, print, printCommand, table } from './terminal.ts';

type Outcomes = RunSummary['outcomes'];

/** A summary that a person reads; beyond this many rows the log and `status` are the better place. */
const mostListed = 20;
const mostApprovals = 5;

/** Prints a run's summary for people. */
export function printSummary(summary: RunSummary, invocation: Invocation): void {
  const { runId, vdns, codes, requests, durationMs, outcomes, dryRun, error } = summary;
  const name = dryRun ? 'Dry run' : `Run ${runId}`;
  print(`${name} ${statusText(summary)} in ${formatSpan(durationMs)}, ${countOf(requests, 'request')}`, '');
  print(`VDNs   ${count(vdns.total)} in all${counted(vdns, vdnOutcomes)}`);
  print(`Codes  ${counted(codes, changeKinds).slice(2) || 'no changes'}`);
  const listed = dryRun ? outcomes.filter(({ outcome }) => outcome !== 'changed') : outcomes;
  printOutcomes(listed, dryRun, invocation);
  if (error) print('', coloured('red', harmless(error.message)));
  if (dryRun) printPlan(summary);
}

/** The counts that are not zero, each after a comma. */
export function counted<Kind extends string>(
  counts: Readonly<Record<Kind, number>>,
  kinds: readonly Kind[],
): string {
  return kinds.map((kind) => (counts[kind] > 0 ? `, ${count(counts[kind])} ${kind}` : '')).join('');
}

const statusColours = {
  succeeded: 'green',
  partial: 'yellow',
  failed: 'red',
  interrupted: 'red',
  refused: 'red',
} as const;

function statusText({ status, exitCode }: RunSummary): string {
  return coloured(statusColours[status], exitCode === 0 ? status : `${status} (exit code ${exitCode})`);
}

/** VDNs with the same outcome are one row. Skipped VDNs come last: after Ctrl-C they must not bury what was done. */
function printOutcomes(outcomes: Outcomes, dryRun: boolean, invocation: Invocation): void {
  if (outcomes.length === 0) return;
  const groups = [...Map.groupBy(outcomes, sameOutcome).values()].sort(
    (a, b) => Number(a[0]?.outcome === 'skipped') - Number(b[0]?.outcome === 'skipped'),
  );
  const most = mostOnScreen(mostListed);
  const shown = groups.slice(0, most);
  const rows = shown.flatMap((alike) => outcomeRow(alike, dryRun));
  const notes = shown.flatMap(([first]) => (first ? [noteOf(first)] : []));
  print('', table(['source', 'VDN', 'outcome'], rows, { notes }));
  const hidden = groups.slice(most).flat().length;
  if (hidden > 0)
    print(
      withCommandLines(`… and ${countOf(hidden, 'more VDN')}; \`status\` and --json list all`, invocation),
    );
  if (!dryRun) printApprovals(groups, invocation);
}

function sameOutcome({ source, outcome, codes, errorCode, message, plan }: Outcomes[number]): string {
  return JSON.stringify([source, outcome, errorCode, message, plan, codes]);
}

const inDryRun: Partial<Record<VdnOutcome, string>> = { held: 'would be held' };

function outcomeRow(alike: Outcomes, dryRun: boolean): string[][] {
  const ranges = rangesOnScreen(alike.map(({ vdnId }) => vdnId));
  return alike.slice(0, 1).map(({ source, outcome, codes, errorCode }) => {
    const name = (dryRun ? inDryRun[outcome] : undefined) ?? outcome;
    const what = codes ? counted(codes, changeKinds).slice(2) : errorCode;
    return [source, ranges, what === undefined ? name : `${name}: ${what}`];
  });
}

/** Why it came to that. What approves a held change stands below, where it can be copied. */
function noteOf({ outcome, message, reason }: Outcomes[number]): string {
  return harmless((outcome === 'held' ? reason : message) ?? '');
}

/** A command for each change that the run held, as long as they are few. */
function printApprovals(groups: readonly Outcomes[], invocation: Invocation): void {
  const held = groups.filter(([first]) => first?.outcome === 'held');
  for (const alike of held.slice(0, mostApprovals)) {
    const ranges = rangesOnScreen(alike.map(({ vdnId }) => vdnId));
    print('', `If what is held in VDN ${ranges} is right, apply it with:`);
    printCommand(commandLine(invocation, `sync --approve ${alike[0]?.plan}`));
  }
  if (held.length <= mostApprovals) return;
  print(
    '',
    `${countOf(held.length - mostApprovals, 'more change')} held; all, and what approves them at once:`,
  );
  printCommand(commandLine(invocation, 'status'));
}

/** What the real run would do to the codes, with the total as the last line. */
function printPlan({ outcomes, codes }: RunSummary): void {
  for (const outcome of ['held', 'changed'] as const) {
    const concerned = outcomes.filter((vdn) => vdn.outcome === outcome);
    for (const [source, vdns] of Map.groupBy(concerned, (vdn) => vdn.source)) {
      const title = outcome === 'held' ? 'would be held' : 'would be applied';
      const changes = vdns.flatMap(({ vdnId, changes = [] }) =>
        changes.map((change) => ({ ...change, vdnId })),
      );
      print('', `${source}, ${title}:`, changesTable(sharedChanges(changes)));
    }
  }
  print('', planInWords(codes, outcomes.filter(({ outcome }) => outcome === 'changed').length));
}
