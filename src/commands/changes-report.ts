import { countOf } from '../domain/count-text.ts';
import { changeKinds } from '../domain/diff.ts';
import { formatInstant, formatSpan } from '../domain/time-text.ts';
import type { CodeChange, FirstList, Since } from '../store/change-feed.ts';
import { changesTable, rangesOnScreen, sharedChanges } from './differences.ts';
import { mostOnScreen, print } from './terminal.ts';

/** More rows than this are not read; --json has them all. */
const mostListed = 200;

/** The change feed of a span of time. */
export interface ChangeFeed {
  readonly changes: readonly CodeChange[];
  readonly firstLists: readonly FirstList[];
}

/** Prints the change feed for people. */
export function printChanges({ changes, firstLists }: ChangeFeed, since: Since): void {
  if (changes.length === 0) print(`No code was changed ${sinceText(since)}.`);
  else printRuns(changes);
  for (const [source, lists] of Map.groupBy(firstLists, (list) => list.source)) {
    const codes = lists.reduce((sum, list) => sum + list.codes, 0);
    const ranges = rangesOnScreen(lists.map(({ vdnId }) => vdnId));
    print(`${source}: first list of VDN ${ranges}, ${countOf(codes, 'code')}.`);
  }
}

function sinceText(since: Since): string {
  return since instanceof Date ? `since ${formatInstant(since)}` : `in the last ${formatSpan(since)}`;
}

/** What each run changed in each source, under a title of its own. */
function printRuns(changes: readonly CodeChange[]): void {
  let room = mostOnScreen(mostListed);
  let hidden = 0;
  for (const ofOne of Map.groupBy(changes, ({ runId, source }) => JSON.stringify([runId, source])).values()) {
    const rows = sharedChanges(ofOne);
    const shown = rows.slice(0, room);
    room -= shown.length;
    hidden += rows.length - shown.length;
    const [first] = ofOne;
    if (shown.length === 0 || first === undefined) continue;
    print(`${first.source}, run ${first.runId}, ${formatInstant(first.changedAt)}`, changesTable(shown), '');
  }
  if (hidden > 0) print(`… and ${countOf(hidden, 'more row')}; --json lists all`);
  const counts = Map.groupBy(changes, ({ kind }) => kind);
  print(changeKinds.flatMap((kind) => countOfKind(kind, counts.get(kind)?.length ?? 0)).join(', '));
}

function countOfKind(kind: string, number: number): string[] {
  return number === 0 ? [] : [`${number} ${kind}`];
}
