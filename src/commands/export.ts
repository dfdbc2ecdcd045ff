import { setFlagsFromString } from 'node:v8';
import { Command, Option } from 'commander';
import type { Kysely, Transaction } from 'kysely';
import { exitCodes, FatalError } from '../errors.ts';
import {
  countDictionary,
  type DictionaryFilter,
  type DictionaryRow,
  dictionaryPages,
  longerDescription,
} from '../store/dictionary.ts';
import { readOnly } from '../store/read-only.ts';
import type { Database } from '../store/tables.ts';
import {
  type Exit,
  loadReadingConfiguration,
  type VdnOptions,
  withDatabase,
  withVdnOptions,
} from './common.ts';
import { listenForSignals } from './interruption.ts';
import { refuseUnknown } from './known-vdns.ts';
import { fileArgument, writeOutput } from './output-file.ts';
import { mostCellText, mostSheetRows, workbook } from './workbook.ts';

interface ExportOptions extends VdnOptions {
  readonly format: 'xlsx' | 'csv';
  readonly withRemoved?: boolean;
  readonly output?: string;
}

/** `export`: the dictionary as a file. */
export function exportCommand(exit: Exit): Command {
  return withVdnOptions(new Command('export'))
    .description('write the codes and their descriptions to a file')
    .addOption(
      new Option('--format <format>', 'xlsx for people, csv for programs')
        .choices(['xlsx', 'csv'])
        .default('xlsx'),
    )
    .option('--with-removed', 'codes too that the source no longer has')
    .option('--output <file>', 'where to write; without it, to stdout', fileArgument)
    .addHelpText('after', examples)
    .action(async (options: ExportOptions) => {
      await exportDictionary(options);
      exit(exitCodes.done);
    });
}

const examples = `
Examples:
  obs-code-sync export --output codes.xlsx                  for a spreadsheet
  obs-code-sync export --format csv --vdn 25 > codes.csv    UTF-8 with BOM, values as they are`;

async function exportDictionary({ format, output, ...options }: ExportOptions): Promise<void> {
  keepMemorySmall();
  if (format === 'xlsx' && output === undefined && process.stdout.isTTY) {
    throw new FatalError(
      'usage',
      'An xlsx file is not for a terminal. Name an --output, or take --format csv.',
    );
  }
  const filter: DictionaryFilter = {
    source: options.source,
    vdnIds: options.vdn,
    withRemoved: options.withRemoved ?? false,
  };
  const config = await loadReadingConfiguration(options);
  const signals = listenForSignals();
  try {
    let begun = false;
    const work = async (db: Transaction<Database>) => {
      if (begun && output === undefined) throw brokenOff();
      await refuseUnknown(db, filter);
      const content = await (format === 'csv' ? csv : xlsx)(db, filter);
      begun = true;
      await writeOutput(output, content, signals.signal);
    };
    await withDatabase(config.database, (database) => readOnly(database, work), { repeats: 'read' });
  } finally {
    signals.stop();
  }
}

/** What was written to stdout cannot be taken back; a file is started again. */
function brokenOff(): FatalError {
  return new FatalError(
    'database-unreachable',
    'The connection to the database broke when a part of the codes was written. Run again; with --output the file is ' +
      'begun again without being asked.',
  );
}

/**
 * Rows are short-lived, but V8 lets garbage grow with the machine's memory: a million rows took 300 MiB; with this
 * they take 135 MiB and no more processor time.
 */
function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}

const columns = [
  { title: 'source', width: 14, of: (row: DictionaryRow) => row.source },
  { title: 'vdn_id', width: 9, of: (row: DictionaryRow) => String(row.vdnId) },
  { title: 'obs_code', width: 14, of: (row: DictionaryRow) => row.obsCode },
  { title: 'obs_code_desc', width: 60, of: (row: DictionaryRow) => row.obsCodeDesc },
  { title: 'first_seen_at', width: 29, of: (row: DictionaryRow) => row.firstSeenAt },
  { title: 'changed_at', width: 29, of: (row: DictionaryRow) => row.changedAt },
  { title: 'removed_at', width: 29, of: (row: DictionaryRow) => row.removedAt },
];

async function* valuePages(db: Kysely<Database>, filter: DictionaryFilter) {
  for await (const rows of dictionaryPages(db, filter))
    yield rows.map((row) => columns.map(({ of }) => of(row)));
}

async function xlsx(db: Kysely<Database>, filter: DictionaryFilter) {
  const count = await countFitting(db, filter);
  return workbook('OBS codes', columns, count, valuePages(db, filter));
}

/**
 * How many codes there are, where a sheet can hold them.
 *
 * @throws FatalError `usage` where it cannot, saying what can be done instead
 */
export async function countFitting(
  db: Kysely<Database>,
  filter: DictionaryFilter,
  most = { rows: mostSheetRows - 1, cellText: mostCellText },
): Promise<number> {
  const count = await countDictionary(db, filter);
  if (count > most.rows) {
    throw new FatalError(
      'usage',
      `There are ${count} codes, and a sheet holds ${most.rows}. Narrow them down with --source or --vdn, or take ` +
        '--format csv.',
    );
  }
  const long = await longerDescription(db, filter, most.cellText);
  if (long !== undefined) {
    throw new FatalError(
      'usage',
      `The description of ${long.obsCode} in VDN ${long.vdnId} of ${long.source} is longer than the ${most.cellText} ` +
        'characters that a cell holds. Take --format csv.',
    );
  }
  return count;
}

/** RFC 4180, with a byte order mark; without it Excel does not read the file as UTF-8. */
async function* csv(db: Kysely<Database>, filter: DictionaryFilter) {
  yield `\ufeff${csvLine(columns.map(({ title }) => title))}`;
  for await (const rows of valuePages(db, filter)) yield rows.map(csvLine).join('');
}

/** As Postgres's COPY has it, no value is nothing, and an empty text a pair of quotes. */
function csvLine(values: readonly (string | null)[]): string {
  const fields = values.map((value) => {
    if (value === null) return '';
    return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  });
  return `${fields.join(',')}\r\n`;
}
