import { createHash } from 'node:crypto';
import type { Config, SourceConfig } from '../config/schema.ts';
import { FatalError } from '../errors.ts';
import type { RunOrigin } from '../store/run-store.ts';

/** What a run is to do. */
export interface RunSettings {
  readonly selection: readonly SourceSelection[];
  readonly guard: Config['guard'];
  readonly maxDurationMs: number;
  /** Runs older than this are forgotten at the end. */
  readonly retentionMs: number;
  /** How old a verification may be before its VDN is stale; kept for reports. */
  readonly staleAfterMs: number;
  /** VDNs verified within it are not read; undefined: all are. */
  readonly maxAgeMs: number | undefined;
  /** Whether the run covers its sources whole, and so knows which VDNs have left the configuration. */
  readonly whole: boolean;
  readonly approvals: ReadonlySet<string>;
  readonly dryRun: boolean;
  readonly origin: RunOrigin;
}

/** A source and those of its VDNs that a run works on. */
export interface SourceSelection {
  readonly source: SourceConfig;
  readonly vdnIds: readonly number[];
}

export interface SelectionOptions {
  /** One source by its name; undefined: all. */
  readonly source?: string | undefined;
  /** These VDNs only, in every source that has them. */
  readonly vdns?: readonly number[] | undefined;
  readonly shard?: Shard | undefined;
}

/**
 * What a run works on, of what is configured.
 *
 * @throws FatalError `usage` where a source or a VDN is asked for that is not configured
 */
export function select(sources: readonly SourceConfig[], options: SelectionOptions): SourceSelection[] {
  const named = sources.filter(({ name }) => options.source === undefined || name === options.source);
  if (named.length === 0) {
    const names = sources.map(({ name }) => name).join(', ');
    throw new FatalError(
      'usage',
      `There is no source ${options.source} in the configuration; it has ${names}.`,
    );
  }
  const unknown = (options.vdns ?? []).filter((vdn) => !named.some(({ vdns }) => vdns.includes(vdn)));
  if (unknown.length > 0) {
    const where = named.map(({ name }) => name).join(', ');
    throw new FatalError(
      'usage',
      `VDN ${unknown.join(', ')} is not configured for ${where}. Add it to vdns first.`,
    );
  }
  return named
    .filter(({ baseUrl }) => options.shard === undefined || belongsTo(baseUrl, options.shard))
    .map((source) => ({
      source: { ...source, ...limitsOfServer(sources, serverOf(source.baseUrl)) },
      vdnIds: source.vdns.filter((vdn) => options.vdns?.includes(vdn) ?? true),
    }))
    .filter(({ vdnIds }) => vdnIds.length > 0);
}

/** Sources that share a server share the smallest of their limits, also while a run leaves some of them out. */
function limitsOfServer(sources: readonly SourceConfig[], server: string) {
  const sharing = sources.filter(({ baseUrl }) => serverOf(baseUrl) === server);
  const rates = sharing.flatMap(({ requestsPerSecond }) => requestsPerSecond ?? []);
  return {
    concurrency: Math.min(...sharing.map(({ concurrency }) => concurrency)),
    outageMs: Math.min(...sharing.map(({ outageMs }) => outageMs)),
    ...(rates.length > 0 ? { requestsPerSecond: Math.min(...rates) } : {}),
  };
}

/** Number of VDNs that are selected. */
export function vdnsSelected(selection: readonly SourceSelection[]): number {
  return selection.reduce((sum, { vdnIds }) => sum + vdnIds.length, 0);
}

/** A share of the servers: number `index` of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Whether a server belongs to a shard, by rendezvous hash: each shard draws a number for the server and the highest
 * one has it. So every server belongs to exactly one, and with another number of shards, only servers of the new or
 * missing shards move.
 *
 * @param baseUrl names the server; sources on one server stay together, so that its ceiling of requests holds
 */
export function belongsTo(baseUrl: string, { index, count }: Shard): boolean {
  const server = serverOf(baseUrl);
  const draws = Array.from({ length: count }, (_, shard) =>
    createHash('sha256')
      .update(`${shard + 1} ${server}`)
      .digest('hex'),
  );
  const highest = draws.reduce((best, draw) => (draw > best ? draw : best));
  return draws[index - 1] === highest;
}

/** The server that a base URL leads to: scheme, host and port. */
export function serverOf(baseUrl: string): string {
  return new URL(baseUrl).origin;
}
