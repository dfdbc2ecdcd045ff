import { Command, InvalidArgumentError, Option } from 'commander';
import type { Transaction } from 'kysely';
import { parseDuration } from '../config/fields.ts';
import { changeKinds } from '../domain/diff.ts';
import { countOf, formatInstant, formatSpan } from '../domain/text.ts';
import { exitCodes } from '../errors.ts';
import {
  type ChangeFilter,
  type CodeChange,
  codeChanges,
  type FirstList,
  firstLists,
  type Since,
} from '../store/change-feed.ts';
import { readOnly } from '../store/read-only.ts';
import type { Database } from '../store/tables.ts';
import {
  durationArgument,
  type Exit,
  loadReadingConfiguration,
  type VdnOptions,
  withDatabase,
  withVdnOptions,
} from './common.ts';
import { changesTable, rangesOnScreen, sharedChanges } from './differences.ts';
import { refuseUnknown } from './known-vdns.ts';
import { mostOnScreen, print, printJson } from './terminal.ts';

interface ChangesOptions extends VdnOptions {
  readonly since: Since;
  readonly json?: boolean;
}

const defaultSinceMs = 86_400_000;

/** `changes`: what the latest runs changed in the codes. */
export function changesCommand(exit: Exit): Command {
  return withVdnOptions(new Command('changes'))
    .description('show which codes were added, changed, removed or returned')
    .addOption(
      new Option(
        '--since <when>',
        'how far to look back: a duration such as 7d, or a date such as 2026-11-24 (UTC)',
      )
        .argParser(sinceArgument)
        .default(defaultSinceMs, '1d'),
    )
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', examples)
    .action(async (options: ChangesOptions) => {
      await changes(options);
      exit(exitCodes.done);
    });
}

const examples = `
Examples:
  obs-code-sync changes                         since yesterday
  obs-code-sync changes --since 30d --vdn 25    of one VDN, a month back
  obs-code-sync changes --json                  {"changes": [...], "firstLists": [...]}`;

async function changes(options: ChangesOptions): Promise<void> {
  const filter: ChangeFilter = { since: options.since, source: options.source, vdnIds: options.vdn };
  const config = await loadReadingConfiguration(options);
  const work = async (db: Transaction<Database>) => {
    await refuseUnknown(db, filter);
    return { changes: await codeChanges(db, filter), firstLists: await firstLists(db, filter) };
  };
  const feed = await withDatabase(config.database, (database) => readOnly(database, work), {
    repeats: 'read',
  });
  if (options.json) printJson(feed);
  else printChanges(feed, options.since);
}

/** For commander: a duration in milliseconds, or a date or an instant of ISO 8601 in UTC. */
function sinceArgument(text: string): Since {
  if (parseDuration(text).ok) return durationArgument(text);
  const wellFormed = /^[\d-]{10}(T\d\d:\d\d(:\d\d)?Z?)?$/.test(text);
  const instant = new Date(/:\d\d$/.test(text) ? `${text}Z` : text);
  // 30 February would become a day in March.
  if (wellFormed && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text.slice(0, 10)))
    return instant;
  throw new InvalidArgumentError(
    'expected a duration such as 7d, or a date such as 2026-11-24 or 2026-11-24T02:15Z.',
  );
}

/** More rows than this are not read; --json has them all. */
const mostListed = 200;

/** The change feed of a span of time. */
interface ChangeFeed {
  readonly changes: readonly CodeChange[];
  readonly firstLists: readonly FirstList[];
}

/** Prints the change feed for people. */
function printChanges({ changes, firstLists }: ChangeFeed, since: Since): void {
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
