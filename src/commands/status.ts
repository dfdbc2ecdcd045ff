import { Command } from 'commander';
import { exitCodes } from '../errors.ts';
import { requireCurrentSchema } from '../store/migrator.ts';
import { configuredVdns, heldChanges, newestRuns } from '../store/status.ts';
import {
  type CommonOptions,
  type Exit,
  loadReadingConfiguration,
  programName,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { printStatus, type Status } from './status-report.ts';
import { printJson } from './terminal.ts';

const runsShown = 10;

/** `status`: the last runs, and what needs a person. */
export function statusCommand(exit: Exit): Command {
  return withCommonOptions(new Command('status'))
    .description('show the last runs, and the VDNs that are stale, failing or held')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  obs-code-sync status\n  obs-code-sync status --json | jq .held')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      const status = await readStatus(options);
      if (options.json) printJson(status);
      else printStatus(status);
      exit(exitCodes.done);
    });
}

async function readStatus(options: CommonOptions): Promise<Status> {
  const config = await loadReadingConfiguration(options);
  const { staleAfterMs } = config.freshness;
  return await withDatabase(config.database, async (database) => {
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
        approve: `${programName()} sync --approve ${entry.plan}`,
      })),
      runs: await newestRuns(database.db, runsShown),
    };
  });
}
