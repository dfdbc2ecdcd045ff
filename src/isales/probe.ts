import type { SourceConfig } from '../config/types.ts';
import { VdnError } from '../errors.ts';
import { createClient } from './client.ts';
import { ServerQueue } from './server-queue.ts';

type SigningVariant = SourceConfig['signing'];

/** What one request of one row says about a source. */
export interface Probe {
  /** Undefined where the source answered as it should. */
  readonly error: VdnError | undefined;
  readonly clockDifferenceMs: number | undefined;
  /** Where the configured way to sign was refused: another documented one that the server takes. */
  readonly otherVariant: SigningVariant | undefined;
}

/** All documented ways to sign (interface, "Authentication", steps 1 and 2). */
const variants: readonly SigningVariant[] = (['seconds', 'milliseconds'] as const).flatMap((timestamp) => [
  { timestamp, headers: ['content-type', 'host'] },
  { timestamp, headers: ['host'] },
]);

/**
 * Asks a source for one row of its first VDN, without retries. Where the signature is refused, the other
 * documented ways to sign are tried.
 */
export async function probeSource(source: SourceConfig, signal: AbortSignal): Promise<Probe> {
  const configured = await ask(source, signal);
  if (configured.error?.code !== 'unauthorized') return { ...configured, otherVariant: undefined };
  for (const signing of variants.filter((variant) => !sameVariant(variant, source.signing))) {
    const { error } = await ask({ ...source, signing }, signal);
    if (error === undefined) return { ...configured, otherVariant: signing };
  }
  return { ...configured, otherVariant: undefined };
}

async function ask(source: SourceConfig, signal: AbortSignal): Promise<Omit<Probe, 'otherVariant'>> {
  const queue = new ServerQueue({ concurrency: 1, outageMs: source.outageMs });
  const client = createClient({ ...source, retries: 0 }, queue);
  let clockDifferenceMs: number | undefined;
  const firstRow = { vdnId: source.vdns[0] ?? 1, pageNum: 1, pageSize: 1 };
  try {
    await client.fetchPage(firstRow, signal, (attempt) => {
      clockDifferenceMs = attempt.clockDifferenceMs;
    });
    return { error: undefined, clockDifferenceMs };
  } catch (error) {
    if (error instanceof VdnError) return { error, clockDifferenceMs };
    throw error;
  } finally {
    client.close();
    queue.close();
  }
}

function sameVariant(one: SigningVariant, other: SigningVariant): boolean {
  return one.timestamp === other.timestamp && one.headers.join() === other.headers.join();
}
