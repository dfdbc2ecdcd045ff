import { changeKinds } from '../domain/diff.ts';
import { commandLine, type Invocation, withCommandLines } from '../domain/invocation.ts';
import { vdnOutcomes } from '../domain/outcome.ts';
import { harmless } from '../domain/quote.ts';
import { count, countOf, differenceInWords, formatInstant, formatSpan } from '../domain/text.ts';
import type { HeldEntry, HeldSource } from '../store/held-plans.ts';
import type { RunEntry, VdnEntry } from '../store/status.ts';
import { changesTable, rangesOnScreen } from './differences.ts';
import { counted } from './sync-report.ts';
import { coloured, mostOnScreen, print, printCommand, table } from './terminal.ts';

interface Approvable {
  /** The command that approves it. */
  readonly approve: string;
}

/** The data of `status`; `status --json` prints it as it is. */
export interface Status {
  readonly vdns: Readonly<Record<'configured' | 'stale' | 'failing' | 'held', number>>;
  readonly staleAfterMs: number;
  readonly inTrouble: readonly VdnEntry[];
  readonly held: readonly (HeldEntry & Approvable)[];
  readonly heldSources: readonly (HeldSource & Approvable)[];
  /** Newest first. */
  readonly runs: readonly RunEntry[];
}

const mostGroups = 20;
const mostChanges = 20;

/** Prints the status for people: first what needs a person, then how the runs went. */
export function printStatus(status: Status, invocation: Invocation): void {
  const { vdns, inTrouble, held, heldSources, runs, staleAfterMs } = status;
  print(withCommandLines(verdict(vdns, staleAfterMs), invocation), '');
  if (inTrouble.length > 0) printTrouble(inTrouble);
  for (const entry of held) {
    const most = mostOnScreen(mostChanges);
    printHeld(entry, most);
    if (entry.difference.length > most) {
      print('All of it:');
      printCommand(commandLine(invocation, `status --plan ${entry.plan}`));
      print('');
    }
  }
  for (const { source, vdns: number, plans, approve } of heldSources) {
    // One plan is approved by its own command.
    if (plans === 1) continue;
    print(
      `All that ${source} has held, ${plans} plans in ${countOf(number, 'VDN')}, is applied at once with:`,
    );
    printCommand(approve);
    print('');
  }
  printRuns(runs);
}

function verdict({ configured, stale, failing, held }: Status['vdns'], staleAfterMs: number): string {
  if (configured === 0) return 'No VDN has been synced yet: run `sync`.';
  if (stale + failing + held === 0) {
    const all = configured === 1 ? 'The VDN was' : `All ${count(configured)} VDNs were`;
    return coloured('green', `${all} verified within ${formatSpan(staleAfterMs)}; none is failing or held.`);
  }
  const words = counted({ stale, failing, held }, ['stale', 'failing', 'held']).slice(2);
  return coloured('yellow', `Of ${countOf(configured, 'VDN')}: ${words}.`);
}

/** VDNs in the same state are one row. */
function printTrouble(vdns: readonly VdnEntry[]): void {
  const groups = [...Map.groupBy(vdns, sameTrouble).values()];
  const most = mostOnScreen(mostGroups);
  const shown = groups.slice(0, most);
  const head = ['source', 'VDN', 'state', 'verified', 'failing since'];
  const notes = shown.map(([first]) => (first ? whyOf(first) : ''));
  print(table(head, shown.flatMap(troubleRow), { notes }));
  const hidden = groups.slice(most).flat().length;
  if (hidden > 0) print(`… and ${countOf(hidden, 'more VDN')}; --json lists all`);
  print('');
}

function sameTrouble({ source, stale, failing, held, errorCode, errorMessage }: VdnEntry): string {
  return JSON.stringify([source, stale, failing, held, errorCode, errorMessage]);
}

function troubleRow(alike: readonly VdnEntry[]): string[][] {
  return alike
    .slice(0, 1)
    .map((vdn) => [
      vdn.source,
      rangesOnScreen(alike.map(({ vdnId }) => vdnId)),
      stateOf(vdn),
      verifiedText(alike),
      failingText(alike),
    ]);
}

function whyOf({ errorCode, errorMessage }: VdnEntry): string {
  return errorCode === null ? '' : `${errorCode}: ${harmless(errorMessage ?? '')}`;
}

/** The oldest first; before it never, and times in the future, which cannot be right. */
function verifiedText(alike: readonly VdnEntry[]): string {
  const ages = alike.map(({ ageMs }) => ageMs);
  if (ages.includes(null)) return 'never';
  const known = ages.flatMap((ageMs) => ageMs ?? []);
  return known.some((ageMs) => ageMs < 0) ? 'in the future' : `${formatSpan(Math.max(...known))} ago`;
}

function failingText(alike: readonly VdnEntry[]): string {
  const [longest] = alike
    .filter(({ failingSince }) => failingSince !== null)
    .sort((a, b) => Number(a.failingSince) - Number(b.failingSince));
  if (longest === undefined) return '—';
  return `${formatInstant(longest.failingSince)}, ${countOf(longest.consecutiveFailures, 'time')}`;
}

function stateOf({ failing, held, stale }: VdnEntry): string {
  const states = [
    failing && coloured('red', 'failing'),
    held && coloured('yellow', 'held'),
    stale && 'stale',
  ];
  return states.filter(Boolean).join(', ');
}

/** Why a difference is held, where, since when, what it is, and how it is approved. */
export function printHeld(entry: Status['held'][number], most: number): void {
  const { plan, source, vdnIds, heldSince, runId, reason, difference, approve } = entry;
  print(
    `${coloured('yellow', `Held: plan ${plan}`)}, ${source}, VDN ${rangesOnScreen(vdnIds)}`,
    harmless(reason),
    `Since ${formatInstant(heldSince)}, run ${runId}. The source would ${differenceInWords(difference)}.`,
    changesTable(difference.slice(0, most)),
  );
  if (difference.length > most) print(`… and ${countOf(difference.length - most, 'more code')}`);
  print('If that is right, apply it with:');
  printCommand(approve);
  print('');
}

const statusColours = {
  running: 'cyan',
  succeeded: 'green',
  partial: 'yellow',
  failed: 'red',
  interrupted: 'red',
} as const;

function printRuns(runs: readonly RunEntry[]): void {
  if (runs.length === 0) {
    print('There was no run yet.');
    return;
  }
  const rows = runs.map((run) => [
    String(run.runId),
    formatInstant(run.startedAt),
    run.finishedAt === null ? '—' : formatSpan(run.finishedAt.getTime() - run.startedAt.getTime()),
    coloured(statusColours[run.status], run.status),
    vdnsOf(run),
    counted(run.codes, changeKinds).slice(2) || 'no changes',
    String(run.requests),
  ]);
  print(table(['run', 'started', 'took', 'status', 'VDNs', 'codes', 'requests'], rows));
}

function vdnsOf({ vdns, done }: RunEntry): string {
  if (done !== null) return `${count(done)} of ${count(vdns.total)} done`;
  const told = vdnOutcomes.filter((outcome) => outcome !== 'unchanged');
  return `${count(vdns.total)} in all${counted(vdns, told)}`;
}
