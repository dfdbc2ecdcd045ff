import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { FatalError } from '../errors.ts';
import { type FaultArgument, faultForms, parseFaultArgument } from '../simulator/faults.ts';
import { demoAccount, type Simulator, startSimulator } from '../simulator/index.ts';
import { withCommonOptions } from './common.ts';

interface SimulateOptions {
  readonly host: string;
  readonly port: number;
  readonly https?: boolean;
  readonly caOut?: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly codes: number;
  readonly latency: number;
  readonly rate?: number;
  readonly seenHost?: string;
  readonly fault?: readonly FaultArgument[];
}

/** `simulate`: the CC-iSales simulator on its own, until it is told to stop. */
export function simulateCommand(): Command {
  return withCommonOptions(new Command('simulate'), 'has no effect here')
    .description('run a CC-iSales simulator to try things out; a signal ends it')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for any free one', numberUpTo(65_535), 28_443)
    .option('--https', 'serve HTTPS with a certificate made at start')
    .option('--ca-out <file>', 'with --https: write the CA certificate to trust, in PEM')
    .option('--access-key <key>', 'access key that is accepted', demoAccount.accessKey)
    .option('--secret-key <key>', 'its secret key', demoAccount.secretKey)
    .option('--codes <n>', 'codes of each VDN', numberUpTo(90_000), 120)
    .option('--latency <ms>', 'answer so much later', numberUpTo(600_000), 0)
    .option('--rate <n>', 'answer 429 to more requests a second', numberUpTo(1_000))
    .option('--seen-host <host>', 'act as if a balancer put this Host into every request')
    .option('--fault <vdn=kind[:value]>', 'misbehave for a VDN or for all (repeatable)', collectFault)
    .addHelpText('after', helpText())
    .action(simulate);
}

async function simulate(options: SimulateOptions): Promise<void> {
  if (options.caOut !== undefined && !options.https) {
    throw new FatalError(
      'usage',
      '--ca-out writes the certificate of --https: add --https, or leave it out.',
    );
  }
  const simulator = await started(options);
  try {
    for (const { vdnId, fault } of options.fault ?? []) {
      if (vdnId === 'all') simulator.fault(fault);
      else simulator.vdn(vdnId).fault(fault);
    }
    if (options.caOut !== undefined) await writeCertificate(options.caOut, simulator.caPem ?? '');
    const stop = stopSignal();
    process.stdout.write(
      process.stdout.isTTY ? forPeople(simulator, options) : forPrograms(simulator, options),
    );
    await stop;
  } finally {
    await simulator.close();
  }
}

async function started(options: SimulateOptions): Promise<Simulator> {
  const { host, port, https, accessKey, secretKey } = options;
  try {
    return await startSimulator({
      host,
      port,
      https: https === true,
      accounts: [{ accessKey, secretKey }],
      codesPerVdn: options.codes,
      latencyMs: options.latency,
      ...(options.rate ? { requestsPerSecond: options.rate } : {}),
      ...(options.seenHost === undefined ? {} : { seenHost: options.seenHost }),
    });
  } catch (cause) {
    if (!hasCode(cause)) throw cause;
    throw new FatalError(
      'usage',
      `The simulator cannot listen on ${host} port ${port} (${cause.code}). Choose another --port or --host.`,
      { cause },
    );
  }
}

async function writeCertificate(file: string, pem: string): Promise<void> {
  try {
    await writeFile(file, pem);
  } catch (cause) {
    if (!hasCode(cause)) throw cause;
    throw new FatalError('usage', `The CA certificate cannot be written to ${file} (${cause.code}).`, {
      cause,
    });
  }
}

/**
 * Either signal is the normal end. The handlers stay: Ctrl-C under npm arrives twice, and the second one must
 * not kill a process that is closing.
 */
async function stopSignal(): Promise<void> {
  const stopped = new EventTarget();
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => stopped.dispatchEvent(new Event('stop')));
  await once(stopped, 'stop');
}

function forPrograms(simulator: Simulator, { caOut }: SimulateOptions): string {
  return `${JSON.stringify({ baseUrl: simulator.baseUrl, caFile: caOut ?? null })}\n`;
}

function forPeople(simulator: Simulator, { caOut, https, accessKey, secretKey }: SimulateOptions): string {
  const trust = caOut === undefined ? 'insecureSkipVerify: true' : `caFile: ${JSON.stringify(caOut)}`;
  return `CC-iSales simulator at ${simulator.baseUrl}, VDNs 1 to 9999; Ctrl-C ends it.

sources:
  - name: simulator
    baseUrl: ${simulator.baseUrl}
    accessKey: ${JSON.stringify(accessKey)}
    secretKey: ${secretKey === demoAccount.secretKey ? secretKey : '"…" # as given'}
    vdns: ["1-3"]
${https ? `    tls: { ${trust} }\n` : ''}`;
}

function collectFault(argument: string, earlier: readonly FaultArgument[] = []): FaultArgument[] {
  try {
    return [...earlier, parseFaultArgument(argument)];
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function numberUpTo(largest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number <= largest) return number;
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${largest}.`);
  };
}

function hasCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function helpText(): string {
  return `
Faults: ${faultForms()}.
In full, with how often (times) and for which page: --fault '7={"kind":"status","status":503,"times":2}'.

While it runs it can be edited over HTTP, without a signature and only from the same machine:
  GET, PUT, DELETE   /simulator/vdns/25             the list; DELETE brings back the original
  POST               /simulator/vdns/25/codes       {"obsCode":"00999","obsCodeDesc":"New."}
  PUT, DELETE        /simulator/vdns/25/codes/00605 {"obsCodeDesc":"Changed."}
  GET, PUT, DELETE   /simulator/vdns/25/fault       {"kind":"hang"}, or a list of faults
  GET, PUT, DELETE   /simulator/fault               the same for all VDNs
  PUT, DELETE        /simulator/away                {"how":"503","forMs":10000}: away for every VDN; also 502, 504,
                                                reset, refused, hang
  POST               /simulator/edit                {"share":0.01,"firstVdn":1,"lastVdn":300}: changes 1 % of
                                                the descriptions of these VDNs, or of all of them
  GET, DELETE        /simulator/requests            what was asked for; DELETE starts the count again

Examples:
  obs-code-sync simulate
  obs-code-sync simulate --https --ca-out ca.pem --codes 300
  obs-code-sync simulate --fault 7=status:503 --fault 8=hang --fault all=delay:200
  curl -X DELETE http://127.0.0.1:28443/simulator/vdns/25/codes/00605`;
}
