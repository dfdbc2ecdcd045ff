import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { exitCodes, FatalError } from '../errors.ts';
import { answerWithPage } from '../page/answer.ts';
import { readPageReport } from '../page/report.ts';
import { requireCurrentSchema } from '../store/migrator.ts';
import { configuredVdns, heldChanges, newestRuns } from '../store/status.ts';
import {
  type CommonOptions,
  type Exit,
  loadReadingConfiguration,
  programName,
  type ReadingConfig,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { printStatus, type Status } from './status-report.ts';
import { printJson } from './terminal.ts';

interface StatusOptions extends CommonOptions {
  readonly json?: boolean;
  readonly html?: string;
}

const runsShown = 10;

/** `status`: the last runs, and what needs a person. */
export function statusCommand(exit: Exit): Command {
  return withCommonOptions(new Command('status'))
    .description('show the last runs, and the VDNs that are stale, failing or held')
    .option('--json', 'print one JSON object on stdout')
    .option('--html <file>', 'write the status page too, one file that needs no other')
    .addHelpText('after', examples)
    .action(async (options: StatusOptions, command: Command) => {
      // A file that was named must be named again; one from the environment or by default is found again.
      const sameConfig =
        command.getOptionValueSource('config') === 'cli' ? ` --config ${options.config}` : '';
      const config = await loadReadingConfiguration(options);
      if (options.html !== undefined) await writePage(config, options.html);
      const status = await readStatus(config, sameConfig);
      if (options.json) printJson(status);
      else printStatus(status);
      exit(exitCodes.done);
    });
}

const examples = `
Examples:
  obs-code-sync status
  obs-code-sync status --json | jq .held
  obs-code-sync status --html /srv/www/obs.html    for a web server, or to open in a browser`;

async function readStatus(
  { database: config, freshness: { staleAfterMs } }: ReadingConfig,
  sameConfig: string,
): Promise<Status> {
  return await withDatabase(config, async (database) => {
    await requireCurrentSchema(database);
    const vdns = await configuredVdns(database.db, staleAfterMs);
    return {
      vdns: {
        configured: vdns.length,
        stale: vdns.filter(({ stale }) => stale).length,
        failing: vdns.filter(({ failing }) => failing).length,
        held: vdns.filter(({ held }) => held).length,
      },
      staleAfterMs,
      inTrouble: vdns.filter(({ stale, failing, held }) => stale || failing || held),
      held: (await heldChanges(database.db)).map((entry) => ({
        ...entry,
        approve: `${programName()} sync --approve ${entry.plan}${sameConfig}`,
      })),
      runs: await newestRuns(database.db, runsShown),
    };
  });
}

async function writePage({ database, freshness }: ReadingConfig, file: string): Promise<void> {
  const settings = { ...freshness, program: programName() };
  const read = () => withDatabase(database, (open) => readPageReport(open, settings));
  const { page, failure } = await answerWithPage(read, settings.program);
  try {
    await writeFile(file, page);
  } catch (cause) {
    throw new FatalError(
      'usage',
      `The status page cannot be written to ${file}: ${String(cause)}. Name another --html.`,
      { cause },
    );
  }
  if (failure !== undefined) throw failure;
}
