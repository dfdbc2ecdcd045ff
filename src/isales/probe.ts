import type { SourceConfig } from '../config/schema.ts';
import { VdnError } from '../errors.ts';
import { createClient } from './client.ts';
import { ServerQueue } from './server-queue.ts';

/** The result of a request for one row of a source. */
export interface Probe {
  /** Undefined where the source answered as it should. */
  readonly error: VdnError | undefined;
  readonly clockDifferenceMs: number | undefined;
  /** Where the configured signing was refused: another documented variant that the server accepts. */
  readonly otherSigning: SourceConfig['signing'] | undefined;
}

/**
 * Asks a source for one row of its first VDN, without retries. Where the signature is refused, it tries the other
 * documented variants, one after the other.
 */
export async function probeSource(source: SourceConfig, signal: AbortSignal): Promise<Probe> {
  const configured = await ask(source, signal);
  if (configured.error?.code !== 'unauthorized') return { ...configured, otherSigning: undefined };
  for (const signing of otherSignings(source)) {
    const { error } = await ask({ ...source, signing }, signal);
    // A failure code in a 200 means that the signature was accepted.
    if (error === undefined || error.code === 'isales-error') return { ...configured, otherSigning: signing };
  }
  return { ...configured, otherSigning: undefined };
}

/**
 * Asks each VDN of a source for one row, at the source's rate.
 *
 * @param onRefused called for each VDN that is refused, with the reason
 */
export async function probeVdns(
  source: SourceConfig,
  signal: AbortSignal,
  onRefused: (vdnId: number, error: VdnError) => void,
): Promise<void> {
  // A server that goes away meanwhile is reported, without a wait.
  await withClient({ ...source, outageMs: 1 }, async (client) => {
    const waiting = [...source.vdns];
    const askNext = async () => {
      const vdnId = waiting.shift() ?? Number.NaN;
      try {
        await client.fetchPage({ vdnId, pageNum: 1, pageSize: 1 }, signal, () => {});
      } catch (error) {
        if (!(error instanceof VdnError)) throw error;
        onRefused(vdnId, error);
      }
    };
    const worker = async () => {
      while (waiting.length > 0) await askNext();
    };
    // One answer shows that refusals concern single VDNs.
    await askNext();
    await Promise.all(Array.from({ length: source.concurrency }, worker));
  });
}

/**
 * All documented signing variants but the configured one (interface, "Authentication", steps 1 and 2, "The way to the
 * server"): the timestamp, the headers, Host with and without its port, and the path with and without what baseUrl has
 * before the interface's. Those that differ in one point come first.
 */
function otherSignings({ baseUrl, signing }: SourceConfig): SourceConfig['signing'][] {
  const { host, hostname, pathname } = new URL(baseUrl);
  const path = pathname.replace(/\/$/, '');
  const configured = { ...signing, host: signing.host ?? host, basePath: signing.basePath ?? path };
  const others = [...new Set([configured.host, host, hostname])].flatMap((host) =>
    [...new Set([configured.basePath, path, ''])].flatMap((basePath) =>
      (['seconds', 'milliseconds'] as const).flatMap((timestamp) =>
        [['content-type' as const, 'host' as const], ['host' as const]].map((headers) => ({
          ...{ host, basePath, timestamp, headers },
        })),
      ),
    ),
  );
  const differences = (other: (typeof others)[number]) =>
    [
      other.host !== configured.host,
      other.basePath !== configured.basePath,
      other.timestamp !== configured.timestamp,
      other.headers.join() !== configured.headers.join(),
    ].filter(Boolean).length;
  return others
    .filter((other) => differences(other) > 0)
    .sort((a, b) => differences(a) - differences(b))
    .map(({ host: signedHost, basePath, ...rest }) => ({
      ...rest,
      ...(signedHost === host ? {} : { host: signedHost }),
      ...(basePath === path ? {} : { basePath }),
    }));
}

async function ask(source: SourceConfig, signal: AbortSignal): Promise<Omit<Probe, 'otherSigning'>> {
  let clockDifferenceMs: number | undefined;
  const firstRow = { vdnId: source.vdns[0] ?? 1, pageNum: 1, pageSize: 1 };
  try {
    await withClient({ ...source, retries: 0 }, (client) =>
      client.fetchPage(firstRow, signal, (attempt) => {
        clockDifferenceMs = attempt.clockDifferenceMs;
      }),
    );
    return { error: undefined, clockDifferenceMs };
  } catch (error) {
    if (error instanceof VdnError) return { error, clockDifferenceMs };
    throw error;
  }
}

async function withClient<T>(
  source: SourceConfig,
  work: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const queue = new ServerQueue(source);
  const client = createClient(source, queue);
  try {
    return await work(client);
  } finally {
    client.close();
    queue.close();
  }
}
