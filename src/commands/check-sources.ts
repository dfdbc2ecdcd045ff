import { shownProxy } from '../config/proxy.ts';
import type { SourceConfig } from '../config/schema.ts';
import { formatSpan, vdnRanges } from '../domain/text.ts';
import { type ExitCode, exitCodes, type VdnError } from '../errors.ts';
import { type Probe, probeSource, probeVdns } from '../isales/probe.ts';
import type { Finding } from './check-database.ts';

/** Signatures are valid for minutes; a larger difference gets a warning. */
const clockWarningMs = 60_000;

export interface SourcesChecked {
  readonly findings: Finding[];
  readonly exitCode: ExitCode;
}

/**
 * The way to each source: proxy, TLS, clock, signature.
 *
 * @param everyVdn ask each VDN, not only the first of each source
 */
export async function checkSources(
  sources: readonly SourceConfig[],
  everyVdn: boolean,
  signal: AbortSignal,
): Promise<SourcesChecked> {
  const probes = await Promise.all(
    sources.map(async (source) => ({ source, probe: await probeSource(source, signal) })),
  );
  const findings: Finding[] = [];
  let asked = 0;
  let refused = 0;
  for (const { source, probe } of probes) {
    findings.push(...describeProbe(source, probe));
    asked += everyVdn ? source.vdns.length : 1;
    // A source that refuses its first VDN because of the key would lock the account before all are asked.
    if (probe.error !== undefined && !mayBeTheVdnsOwn(probe.error)) {
      refused += everyVdn ? source.vdns.length : 1;
    } else if (everyVdn) {
      const vdns = await checkVdns(source, signal);
      findings.push(...vdns.findings);
      refused += vdns.refused;
    } else if (probe.error !== undefined) refused += 1;
  }
  if (refused === 0) return { findings, exitCode: exitCodes.done };
  return { findings, exitCode: refused === asked ? exitCodes.allFailed : exitCodes.someFailed };
}

/** Errors that may concern one VDN while others are answered. */
function mayBeTheVdnsOwn({ code, status }: VdnError): boolean {
  return (
    [400, 403, 404, 500].some((own) => own === status) ||
    ['isales-error', 'bad-response', 'bad-row'].includes(code)
  );
}

async function checkVdns(
  source: SourceConfig,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; refused: number }> {
  const byReason = new Map<string, number[]>();
  await probeVdns(source, signal, (vdnId, { code, message }) => {
    const reason = `${code}: ${message}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), vdnId]);
  });
  const what = `source ${source.name}, VDNs`;
  const findings = [...byReason].map(
    ([reason, vdnIds]): Finding => ({
      what,
      verdict: 'failed',
      detail: `VDN ${vdnRanges(vdnIds.sort((a, b) => a - b))}: ${reason}`,
    }),
  );
  const refused = [...byReason.values()].flat().length;
  const answered = source.vdns.length - refused;
  const all: Finding = { what, verdict: 'ok', detail: `${answered} of ${source.vdns.length} VDNs answer` };
  return { findings: [...(answered > 0 ? [all] : []), ...findings], refused };
}

function describeProbe(source: SourceConfig, probe: Probe): Finding[] {
  const { error, clockDifferenceMs } = probe;
  const what = `source ${source.name}`;
  const clock = clockDifferenceMs === undefined ? [] : [describeClock(what, clockDifferenceMs)];
  if (error === undefined) {
    const detail = `${source.baseUrl} answers${wayOf(source)}, ${trustOf(source)}, the signature is accepted`;
    return [{ what, verdict: 'ok', detail }, ...clock];
  }
  if (error.code !== 'unauthorized')
    return [{ what, verdict: 'failed', detail: `${error.code}: ${error.message}${wayOf(source)}` }, ...clock];
  // Without its advice, since what follows is more precise.
  const [refusal] = error.message.split('. ');
  return [
    { what, verdict: 'failed', detail: `${error.code}: ${refusal}${wayOf(source)}, ${trustOf(source)}` },
    { what: `${what}, signing`, verdict: 'failed', detail: describeSigning(probe) },
    ...clock,
  ];
}

function describeSigning({ otherSigning, clockDifferenceMs }: Probe): string {
  if (otherSigning !== undefined) {
    return `the keys are right, but the server wants another way to sign: set ${settingOf(otherSigning)}`;
  }
  const tried = 'none of the documented ways to sign is accepted';
  const between =
    'a balancer or gateway in between changes Host or the path (signing.host, signing.basePath)';
  if (clockDifferenceMs === undefined)
    return `${tried}: a key is wrong, the clocks differ (the server does not say its time), or ${between}`;
  if (Math.abs(clockDifferenceMs) > clockWarningMs)
    return `${tried}, and the clocks differ: Correct the clock (NTP) first, and check again`;
  return `${tried}, and the clock is right: a key is wrong (accessKey, secretKey), or ${between}`;
}

function settingOf({ headers, timestamp, host, basePath }: SourceConfig['signing']): string {
  const further = [
    ...(host === undefined ? [] : [`host: ${/^[\w.-]+$/.test(host) ? host : JSON.stringify(host)}`]),
    ...(basePath === undefined ? [] : [`basePath: ${basePath || '/'}`]),
  ].map((setting) => `, ${setting}`);
  return `signing: { headers: [${headers.join(', ')}], timestamp: ${timestamp}${further.join('')} }`;
}

function describeClock(what: string, differenceMs: number): Finding {
  const span = formatSpan(Math.abs(differenceMs));
  if (Math.abs(differenceMs) <= clockWarningMs) {
    return { what: `${what}, clock`, verdict: 'ok', detail: 'within a minute of this machine’s' };
  }
  const direction = differenceMs > 0 ? 'ahead of' : 'behind';
  return {
    what: `${what}, clock`,
    verdict: 'warning',
    detail: `the server's clock is ${span} ${direction} this machine's; signatures are only good for minutes`,
  };
}

function wayOf({ proxy }: SourceConfig): string {
  return proxy === undefined ? '' : ` (through the proxy ${shownProxy(proxy)})`;
}

function trustOf({ baseUrl, tls }: SourceConfig): string {
  if (!baseUrl.startsWith('https')) return 'without TLS';
  if (tls.insecureSkipVerify) return 'its certificate is NOT verified (tls.insecureSkipVerify)';
  return tls.caFile === undefined
    ? 'its certificate is trusted'
    : `its certificate is trusted through ${tls.caFile}`;
}
