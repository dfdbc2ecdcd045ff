import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Fault, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import type { TestSource } from '../support/configuration.ts';
import { listen } from '../support/listening.ts';
import { accessKey, secretKey, signatureIn } from './secrets-marks.ts';

/** A source that fails in its own way, and the signatures that it was sent so far. */
export interface FailingSource {
  readonly source: TestSource & { readonly name: string };
  signatures(): string[];
  close(): Promise<void>;
}

const faults: Readonly<Record<string, Fault>> = {
  forbidden: { kind: 'firewall' },
  limited: { kind: 'status', status: 429, retryAfter: '7200' },
  broken: { kind: 'status', status: 500 },
  hang: { kind: 'hang' },
  trickle: { kind: 'trickle' },
  cut: { kind: 'cut' },
  'cut-late': { kind: 'cut', afterBytes: 30 },
  truncated: { kind: 'truncated' },
  html: { kind: 'html' },
  'too-large': { kind: 'oversized', bytes: 10_000_000 },
  packed: { kind: 'oversized', bytes: 10_000_000, gzip: true },
  redirect: { kind: 'redirect', location: 'http://127.0.0.2:9/' },
  failure: { kind: 'failure', resultCode: '0200001', resultDesc: 'wrong' },
  total: { kind: 'total', total: 'many' },
  row: { kind: 'rows', rows: [{ obsCode: 5 }] },
  short: { kind: 'short-page' },
};

/** Servers that echo the request: a proxy's error page, a debugging answer. */
const echoes: Readonly<Record<string, (response: ServerResponse, heard: string) => void>> = {
  'echo-page': (response, heard) =>
    response.writeHead(502, { 'Content-Type': 'text/html' }).end(`<p>${heard}</p>`),
  'echo-refusal': (response, heard) => response.writeHead(401, { 'WWW-Authenticate': heard }).end(heard),
  'echo-redirect': (response, heard) => response.writeHead(302, { Location: `/?${heard}` }).end(),
  'echo-words': (response, heard) =>
    response.end(JSON.stringify({ resultCode: '0200001', returnCode: '0200001', resultDesc: heard })),
  'echo-code': (response, heard) => response.end(JSON.stringify({ resultCode: heard, returnCode: heard })),
  'echo-no-json': (response, heard) => response.end(heard),
  'echo-total': (response, heard) =>
    response.end(
      JSON.stringify({ resultCode: '0200000', returnCode: '0200000', totalCount: heard, obsCodes: heard }),
    ),
};

export async function failingSources(): Promise<FailingSource[]> {
  const https = { https: true, certificate: 'self-signed' } as const;
  const gone = await simulated('unreachable', {});
  await gone.close();
  return [
    ...(await Promise.all(Object.entries(faults).map(([name, fault]) => simulated(name, {}, fault)))),
    await simulated('wrong-key', { accounts: [{ accessKey, secretKey: 'another' }] }),
    await simulated('wrong-clock', { clockOffsetMs: 3_600_000 }),
    await simulated('untrusted', https),
    { ...gone, close: async () => {} },
    ...(await Promise.all(Object.entries(echoes).map(([name, answer]) => echoing(name, answer)))),
  ];
}

/** What each source is configured with besides its address. */
const settings = { vdns: [1], accessKey, secretKey, retries: 1, timeout: '1s', pageSize: 5 };

async function simulated(name: string, options: SimulatorOptions, fault?: Fault): Promise<FailingSource> {
  const simulator = await startSimulator({
    accounts: [{ accessKey, secretKey }],
    codesPerVdn: 12,
    ...options,
  });
  if (fault !== undefined) simulator.fault(fault);
  return {
    source: { name, baseUrl: simulator.baseUrl, ...settings },
    signatures: () =>
      simulator.requests.entries().flatMap(({ headers }) => signatureIn(headers.authorization)),
    close: () => simulator.close(),
  };
}

/** Answers with the request's own headers, and with the secret key, as if it knew it. */
async function echoing(
  name: string,
  answer: (response: ServerResponse, heard: string) => void,
): Promise<FailingSource> {
  const signatures: string[] = [];
  const server = createServer(({ headers, url }: IncomingMessage, response: ServerResponse) => {
    const { authorization = '' } = headers;
    signatures.push(...signatureIn(authorization));
    answer(response, `${authorization} ${secretKey} ${url}`);
  });
  const port = await listen(server);
  return {
    source: { name, baseUrl: `http://127.0.0.1:${port}`, ...settings },
    signatures: () => signatures,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
