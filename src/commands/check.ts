import { Command } from 'commander';
import type { Config, SourceConfig } from '../config/types.ts';
import { countOf } from '../domain/count-text.ts';
import { formatSpan } from '../domain/time-text.ts';
import { type ExitCode, exitCodes } from '../errors.ts';
import { type Probe, probeSource } from '../isales/probe.ts';
import { checkDatabase, type Finding } from './check-database.ts';
import { type CommonOptions, type Exit, loadConfiguration, withCommonOptions } from './common.ts';
import { listenForSignals } from './interruption.ts';
import { coloured, print, table } from './terminal.ts';

/** Signatures are good for minutes; from here on the clock deserves a look. */
const worryingClockMs = 60_000;

/** `check`: whether a sync could work, without writing anything. */
export function checkCommand(exit: Exit): Command {
  return withCommonOptions(new Command('check'))
    .description('verify the configuration, the database and each source, without writing')
    .addHelpText(
      'after',
      `
Each source is asked for one row of its first VDN. Where the signature is refused, the other documented ways to sign
are tried.

Examples:
  obs-code-sync check
  obs-code-sync check --config staging.yaml

Exit codes: 0 all is well, 2 configuration, 3 some sources failed, 5 all of them, 6 database unreachable,
7 database unusable.`,
    )
    .action(async (options: CommonOptions) => exit(await check(options)));
}

async function check(options: CommonOptions): Promise<ExitCode> {
  const config = await loadConfiguration(options);
  const signals = listenForSignals();
  const findings: Finding[] = [{ what: 'configuration', verdict: 'ok', detail: summaryOf(config) }];
  try {
    // The database's fault does not keep the sources from being looked at.
    const database = await checkDatabase(config);
    findings.push(...database.findings);
    const probes = await Promise.all(
      config.sources.map(async (source) => ({ source, probe: await probeSource(source, signals.signal) })),
    );
    findings.push(...probes.flatMap(({ source, probe }) => describeProbe(source, probe)));
    print(table(['', 'verdict', 'detail'], findings.map(row)));
    const failed = probes.filter(({ probe }) => probe.error !== undefined).length;
    if (database.exitCode !== exitCodes.done || failed === 0) return database.exitCode;
    return failed === probes.length ? exitCodes.allFailed : exitCodes.someFailed;
  } finally {
    signals.stop();
  }
}

function describeProbe(source: SourceConfig, { error, clockDifferenceMs, otherVariant }: Probe): Finding[] {
  const what = `source ${source.name}`;
  const findings: Finding[] = [
    error === undefined
      ? {
          what,
          verdict: 'ok',
          detail: `${source.baseUrl} answers, ${trustOf(source)}, the signature is accepted`,
        }
      : { what, verdict: 'failed', detail: `${error.code}: ${withoutThisCommand(error.message)}` },
  ];
  if (otherVariant) {
    const { timestamp, headers } = otherVariant;
    findings.push({
      what: `${what}, signing`,
      verdict: 'failed',
      detail: `the keys are right, but the server wants another way to sign: set signing: { headers: [${headers.join(', ')}], timestamp: ${timestamp} }`,
    });
  } else if (error?.code === 'unauthorized') {
    findings.push({
      what: `${what}, signing`,
      verdict: 'failed',
      detail: `none of the documented ways to sign is accepted: ${suspects(clockDifferenceMs)}`,
    });
  }
  if (clockDifferenceMs !== undefined) findings.push(describeClock(what, clockDifferenceMs));
  return findings;
}

/** What a failure advises elsewhere is under way here. */
function withoutThisCommand(message: string): string {
  return message.replace(/; `check` [^.;]*(?=[.;])/, '');
}

/** A clock that was found right is none. */
function suspects(clockDifferenceMs: number | undefined): string {
  const clockIsRight = clockDifferenceMs !== undefined && Math.abs(clockDifferenceMs) <= worryingClockMs;
  return clockIsRight ? 'a key is wrong' : 'a key is wrong, or the clock';
}

function describeClock(what: string, differenceMs: number): Finding {
  const span = formatSpan(Math.abs(differenceMs));
  if (Math.abs(differenceMs) <= worryingClockMs) {
    return { what: `${what}, clock`, verdict: 'ok', detail: 'within a minute of this machine’s' };
  }
  const direction = differenceMs > 0 ? 'ahead of' : 'behind';
  return {
    what: `${what}, clock`,
    verdict: 'warning',
    detail: `the server's clock is ${span} ${direction} this machine's; signatures are only good for minutes`,
  };
}

function trustOf({ baseUrl, tls }: SourceConfig): string {
  if (!baseUrl.startsWith('https')) return 'without TLS';
  if (tls.insecureSkipVerify) return 'its certificate is NOT verified (tls.insecureSkipVerify)';
  return tls.caFile === undefined
    ? 'its certificate is trusted'
    : `its certificate is trusted through ${tls.caFile}`;
}

function summaryOf({ sources }: Config): string {
  const vdns = sources.reduce((sum, { vdns }) => sum + vdns.length, 0);
  return `${countOf(sources.length, 'source')}, ${countOf(vdns, 'VDN')}`;
}

const verdictColours = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

function row({ what, verdict, detail }: Finding): string[] {
  return [what, coloured(verdictColours[verdict], verdict), detail];
}
