import { changeKinds } from '../domain/diff.ts';
import { differenceInWords } from '../domain/difference-text.ts';
import { harmless } from '../domain/quote.ts';
import { formatInstant, formatSpan } from '../domain/time-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { HeldEntry, RunEntry, VdnEntry } from '../store/status.ts';
import { changesTable, counted } from './sync-report.ts';
import { coloured, print, table } from './terminal.ts';

/** What `status` tells; `status --json` prints it as it is. */
export interface Status {
  readonly vdns: Readonly<Record<'configured' | 'stale' | 'failing' | 'held', number>>;
  readonly staleAfterMs: number;
  readonly inTrouble: readonly VdnEntry[];
  readonly held: readonly (HeldEntry & { readonly approve: string })[];
  /** Newest first. */
  readonly runs: readonly RunEntry[];
}

const mostVdns = 50;
const mostChanges = 20;

/** Prints the status for people: first what needs one of them, then how the runs went. */
export function printStatus({ vdns, inTrouble, held, runs, staleAfterMs }: Status): void {
  print(verdict(vdns, staleAfterMs), '');
  if (inTrouble.length > 0) printTrouble(inTrouble);
  for (const entry of held) printHeld(entry);
  printRuns(runs);
}

function verdict({ configured, stale, failing, held }: Status['vdns'], staleAfterMs: number): string {
  if (configured === 0) return 'No VDN has been synced yet: run `sync`.';
  if (stale + failing + held === 0) {
    return coloured(
      'green',
      `All ${configured} VDNs were verified within ${formatSpan(staleAfterMs)}; none is failing or held.`,
    );
  }
  const words = counted({ stale, failing, held }, ['stale', 'failing', 'held']).slice(2);
  return coloured('yellow', `Of ${configured} VDNs: ${words}.`);
}

function printTrouble(vdns: readonly VdnEntry[]): void {
  const rows = vdns
    .slice(0, mostVdns)
    .map((vdn) => [
      vdn.source,
      String(vdn.vdnId),
      stateOf(vdn),
      vdn.ageMs === null ? 'never' : `${formatSpan(vdn.ageMs)} ago`,
      vdn.failingSince === null
        ? '—'
        : `${formatInstant(vdn.failingSince)}, ${vdn.consecutiveFailures} times`,
      vdn.errorCode === null ? '—' : `${vdn.errorCode}: ${harmless(vdn.errorMessage ?? '')}`,
    ]);
  print(table(['source', 'VDN', 'state', 'verified', 'failing since', 'why'], rows));
  if (vdns.length > mostVdns) print(`… and ${vdns.length - mostVdns} more; --json lists all`);
  print('');
}

function stateOf({ failing, held, stale }: VdnEntry): string {
  const states = [
    failing && coloured('red', 'failing'),
    held && coloured('yellow', 'held'),
    stale && 'stale',
  ];
  return states.filter(Boolean).join(', ');
}

function printHeld({ plan, source, vdnIds, heldSince, difference, approve }: Status['held'][number]): void {
  print(
    `${coloured('yellow', `Held: plan ${plan}`)}, ${source}, VDN ${vdnRanges(vdnIds)}, since ${formatInstant(heldSince)}`,
    `The source would ${differenceInWords(difference)}.`,
    changesTable(difference.slice(0, mostChanges)),
  );
  if (difference.length > mostChanges)
    print(`… and ${difference.length - mostChanges} more codes; --json lists all`);
  print('If that is right, apply it with:', `  ${approve}`, '');
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
  const rows = runs.map(({ runId, startedAt, finishedAt, status, vdns, codes, requests }) => [
    String(runId),
    formatInstant(startedAt),
    finishedAt === null ? '—' : formatSpan(finishedAt.getTime() - startedAt.getTime()),
    coloured(statusColours[status], status),
    `${vdns.total} in all${counted(vdns, ['changed', 'failed', 'held', 'skipped', 'fresh'])}`,
    counted(codes, changeKinds).slice(2) || 'no changes',
    String(requests),
  ]);
  print(table(['run', 'started', 'took', 'status', 'VDNs', 'codes', 'requests'], rows));
}
