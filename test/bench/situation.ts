/** What is measured: how many lists of which length, on which kind of server. */
export interface Situation {
  readonly vdns: number;
  readonly codes: number;
  readonly latencyMs: number;
  readonly concurrency: number;
}

/** The interface's own limit, and the program's default. */
export const pageSize = 50;

/** Requests for a list of this many codes. */
export function pagesOf(codes: number): number {
  return Math.max(1, Math.ceil(codes / pageSize));
}

/** In words, for a heading. */
export function describe({ vdns, codes, latencyMs, concurrency }: Situation): string {
  const latency = latencyMs === 0 ? 'no latency' : `${latencyMs} ms latency`;
  return `${vdns} VDNs of ${codes} codes, ${latency}, ${concurrency} requests at once`;
}
