import { type ChangeKind, changeKinds } from '../domain/diff.ts';
import { harmless } from '../domain/quote.ts';
import { formatInstant, formatSpan } from '../domain/time-text.ts';
import { vdnRanges } from '../domain/vdn-ranges.ts';
import type { CodeChange, FirstList } from '../store/change-feed.ts';
import { describe, kindColours } from './sync-report.ts';
import { coloured, print, table } from './terminal.ts';

/** Beyond this many rows nobody reads on; --json has them all. */
const mostListed = 200;

/** The change feed of a span of time. */
export interface ChangeFeed {
  readonly changes: readonly CodeChange[];
  readonly firstLists: readonly FirstList[];
}

/** Prints the change feed for people. */
export function printChanges({ changes, firstLists }: ChangeFeed, sinceMs: number): void {
  if (changes.length === 0) print(`No code was changed in the last ${formatSpan(sinceMs)}.`);
  else printTable(changes);
  for (const [source, lists] of Map.groupBy(firstLists, (list) => list.source)) {
    const codes = lists.reduce((sum, list) => sum + list.codes, 0);
    print(`${source}: first list of VDN ${vdnRanges(lists.map(({ vdnId }) => vdnId))}, ${codes} codes.`);
  }
}

function printTable(changes: readonly CodeChange[]): void {
  const rows = [...Map.groupBy(changes, sameChange).values()].map(row);
  print(table(['when', 'source', 'VDN', 'change', 'code', 'before', 'after'], rows.slice(0, mostListed)));
  if (rows.length > mostListed) print(`… and ${rows.length - mostListed} more rows; --json lists all`);
  const ofKind = Map.groupBy(changes, ({ kind }) => kind);
  print(changeKinds.flatMap((kind) => countOf(kind, ofKind.get(kind) ?? [])).join(', '));
}

function countOf(kind: ChangeKind, changes: readonly CodeChange[]): string[] {
  return changes.length === 0 ? [] : [`${changes.length} ${kind}`];
}

/** A source changes a code in all its VDNs alike: what one run changed in many of them is one row. */
function sameChange({ runId, source, kind, obsCode, before, after }: CodeChange): string {
  return JSON.stringify([runId, source, kind, obsCode, before, after]);
}

function row(same: readonly CodeChange[]): string[] {
  const [first] = same;
  if (first === undefined) return [];
  return [
    formatInstant(first.changedAt),
    first.source,
    vdnRanges(same.map(({ vdnId }) => vdnId)),
    coloured(kindColours[first.kind], first.kind),
    harmless(first.obsCode),
    describe(first.before),
    describe(first.after),
  ];
}
