import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { Transaction } from 'kysely';
import { commandLine, type Invocation, withCommandLines } from '../domain/invocation.ts';
import { harmless } from '../domain/quote.ts';
import { exitCodes, FatalError } from '../errors.ts';
import { readPageReport } from '../page/report.ts';
import { answerWithPage } from '../page/status-page.ts';
import type { OpenDatabase } from '../store/database.ts';
import { heldPlans } from '../store/held-plans.ts';
import { readOnly } from '../store/read-only.ts';
import { configuredVdns, newestRuns } from '../store/status.ts';
import type { Database } from '../store/tables.ts';
import {
  type CommonOptions,
  type Exit,
  loadReadingConfiguration,
  type ReadingConfig,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { invocationOf } from './invocation.ts';
import { fileArgument, whyNotWritten } from './output-file.ts';
import { pageSettings } from './page-settings.ts';
import { printHeld, printStatus, type Status } from './status-report.ts';
import { printJson } from './terminal.ts';

interface StatusOptions extends CommonOptions {
  readonly plan?: string;
  readonly json?: boolean;
  readonly html?: string;
}

const runsShown = 10;

/** `status`: the last runs, and what needs a person. */
export function statusCommand(exit: Exit): Command {
  return withCommonOptions(new Command('status'))
    .description('show the last runs, and the VDNs that are stale, failing or held')
    .option('--plan <plan>', 'show every code of this held difference')
    .option('--json', 'print one JSON object on stdout')
    .option('--html <file>', 'also write the status page, as one file', fileArgument)
    .addHelpText('after', examples)
    .action(async (options: StatusOptions) => {
      const invocation = invocationOf(options);
      const config = await loadReadingConfiguration(options);
      if (options.html !== undefined) await writePage(config, options.html, invocation);
      const status = await readStatus(config, invocation);
      if (options.plan !== undefined) showPlan(status, options.plan, options.json === true);
      else if (options.json) printJson(status);
      else printStatus(status, invocation);
      exit(exitCodes.done);
    });
}

const examples = `
Examples:
  obs-code-sync status
  obs-code-sync status --plan 3f9c0a12b7de48f1     every code of a difference that is held
  obs-code-sync status --json | jq .held
  obs-code-sync status --html /srv/www/obs.html    for a web server, or to open in a browser`;

function readStatus(
  { database: config, freshness: { staleAfterMs } }: ReadingConfig,
  invocation: Invocation,
): Promise<Status> {
  const approve = (plan: string) => commandLine(invocation, `sync --approve ${plan}`);
  const work = async (db: Transaction<Database>) => {
    const vdns = await configuredVdns(db, staleAfterMs);
    const { plans, sources } = await heldPlans(db);
    return {
      vdns: {
        configured: vdns.length,
        stale: vdns.filter(({ stale }) => stale).length,
        failing: vdns.filter(({ failing }) => failing).length,
        held: vdns.filter(({ held }) => held).length,
      },
      staleAfterMs,
      inTrouble: vdns
        .filter(({ stale, failing, held }) => stale || failing || held)
        .map((vdn) => ({
          ...vdn,
          errorMessage: vdn.errorMessage && withCommandLines(vdn.errorMessage, invocation),
        })),
      held: plans.map((entry) => ({ ...entry, approve: approve(entry.plan) })),
      heldSources: sources.map((entry) => ({ ...entry, approve: approve(entry.plan) })),
      runs: await newestRuns(db, runsShown),
    };
  };
  return withDatabase(config, (database) => readOnly(database, work), { repeats: 'read' });
}

/** The plan that was asked for, or all of a source where it is the plan of all that the source has held. */
function showPlan({ held, heldSources: sources }: Status, plan: string, json: boolean): void {
  const all = sources.find((source) => source.plan === plan);
  const shown = held.filter((entry) =>
    all === undefined ? entry.plan === plan : entry.source === all.source,
  );
  if (shown.length === 0) {
    const known =
      held.length === 0 ? 'Nothing is held at all.' : `Held: ${held.map((entry) => entry.plan).join(', ')}.`;
    throw new FatalError('usage', `Nothing is held under the plan ${harmless(plan)}. ${known}`);
  }
  if (json) printJson({ held: shown, heldSources: all === undefined ? [] : [all] });
  else for (const entry of shown) printHeld(entry, Number.POSITIVE_INFINITY);
}

async function writePage(config: ReadingConfig, file: string, invocation: Invocation): Promise<void> {
  const settings = pageSettings(config, invocation);
  const work = (database: OpenDatabase) => readPageReport(database, settings);
  const read = () => withDatabase(config.database, work, { repeats: 'read' });
  const { page, failure } = await answerWithPage(read, settings);
  try {
    await writeFile(file, page);
  } catch (cause) {
    throw new FatalError(
      'usage',
      `The status page cannot be written to ${file}: ${whyNotWritten(cause)}. Name another --html.`,
      { cause },
    );
  }
  if (failure !== undefined) throw failure;
}
