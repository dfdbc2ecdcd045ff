import { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { type Invocation, withCommandLines } from '../domain/invocation.ts';
import { countOf } from '../domain/text.ts';
import { type ExitCode, exitCodes } from '../errors.ts';
import { checkDatabase, type Finding } from './check-database.ts';
import { checkSources } from './check-sources.ts';
import { type CommonOptions, type Exit, loadConfiguration, withCommonOptions } from './common.ts';
import { listenForSignals } from './interruption.ts';
import { invocationOf } from './invocation.ts';
import { coloured, print, table } from './terminal.ts';

interface CheckOptions extends CommonOptions {
  readonly vdns?: boolean;
}

/** `check`: whether a sync could work, without writing anything. */
export function checkCommand(exit: Exit): Command {
  return withCommonOptions(new Command('check'))
    .description('verify the configuration, the database and each source, without writing')
    .option('--vdns', 'ask every VDN for one row, at the source’s rate, and list those that are refused')
    .addHelpText(
      'after',
      `
It asks each source for one row of its first VDN. Where the signature is refused, it tries the other documented ways to
sign, also Host with and without its port, and names the setting that the server accepts.

Examples:
  obs-code-sync check
  obs-code-sync check --config staging.yaml
  obs-code-sync check --vdns

Exit codes: 0 all is well, 2 configuration, 3 some sources (with --vdns: VDNs) failed, 5 all of them, 6 database unreachable,
7 database unusable.`,
    )
    .action(async (options: CheckOptions) => exit(await check(options)));
}

async function check(options: CheckOptions): Promise<ExitCode> {
  const config = await loadConfiguration(options);
  const signals = listenForSignals();
  const findings: Finding[] = [{ what: 'configuration', verdict: 'ok', detail: summaryOf(config) }];
  try {
    // The sources are checked even where the database fails.
    const database = await checkDatabase(config);
    findings.push(...database.findings);
    const sources = await checkSources(config.sources, options.vdns === true, signals.signal);
    findings.push(...sources.findings);
    const invocation = invocationOf(options);
    const rows = findings.map((finding) => row(finding, invocation));
    print(table(['', 'verdict', 'detail'], rows));
    return database.exitCode === exitCodes.done ? sources.exitCode : database.exitCode;
  } finally {
    signals.stop();
  }
}

function summaryOf({ sources }: Config): string {
  const vdns = sources.reduce((sum, { vdns }) => sum + vdns.length, 0);
  return `${countOf(sources.length, 'source')}, ${countOf(vdns, 'VDN')}`;
}

const verdictColours = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

function row({ what, verdict, detail }: Finding, invocation: Invocation): string[] {
  return [what, coloured(verdictColours[verdict], verdict), withCommandLines(detail, invocation)];
}
