import { Command, InvalidArgumentError, Option } from 'commander';
import type { Transaction } from 'kysely';
import { exitCodes } from '../errors.ts';
import { type ChangeFilter, codeChanges, firstLists, type Since } from '../store/change-feed.ts';
import { readOnly } from '../store/read-only.ts';
import type { Database } from '../store/tables.ts';
import { printChanges } from './changes-report.ts';
import {
  type CommonOptions,
  durationArgument,
  type Exit,
  loadReadingConfiguration,
  vdnArgument,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { refuseUnknown } from './known-vdns.ts';
import { printJson } from './terminal.ts';

interface ChangesOptions extends CommonOptions {
  readonly since: Since;
  readonly source?: string;
  readonly vdn?: readonly number[];
  readonly json?: boolean;
}

const defaultSinceMs = 86_400_000;

/** `changes`: what the runs of late changed in the codes. */
export function changesCommand(exit: Exit): Command {
  return withCommonOptions(new Command('changes'))
    .description('show which codes were added, changed, removed or returned')
    .addOption(
      new Option(
        '--since <when>',
        'how far to look back: a duration such as 7d, or a date such as 2026-11-24 (UTC)',
      )
        .argParser(sinceArgument)
        .default(defaultSinceMs, '1d'),
    )
    .option('--source <name>', 'only this source')
    .option('--vdn <list>', 'only these VDNs, e.g. 1,25,100-120', vdnArgument)
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
  if (!/^\d{4}-/.test(text)) return durationArgument(text);
  const wellFormed = /^[\d-]{10}(T\d\d:\d\d(:\d\d)?Z?)?$/.test(text);
  const instant = new Date(/:\d\d$/.test(text) ? `${text}Z` : text);
  // 30 February would be taken for a day in March.
  if (wellFormed && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text.slice(0, 10)))
    return instant;
  throw new InvalidArgumentError(
    'expected a duration such as 7d, or a date such as 2026-11-24 or 2026-11-24T02:15Z.',
  );
}
