import { createHash } from 'node:crypto';

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
