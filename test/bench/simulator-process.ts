import { z } from 'zod';
import { start } from '../support/command.ts';
import { testKeys } from '../support/configuration.ts';
import { processTimes } from './process-times.ts';
import type { Situation } from './situation.ts';

/** The simulator as its own process, driven through its control endpoint. */
export interface SimulatorProcess {
  readonly baseUrl: string;
  /** User and system time so far. */
  cpuMs(): number;
  /** The requests since the last reset. */
  requests(): Promise<RequestCounts>;
  resetRequests(): Promise<void>;
  /** Gives a share of the codes of the VDNs up to `lastVdn` another description; returns how many. */
  rewrite(share: number, lastVdn: number): Promise<number>;
  removeCode(vdnId: number, obsCode: string): Promise<void>;
  /** The list that a client without a locale gets, code by code. */
  list(vdnId: number): Promise<Map<string, string | null>>;
  close(): Promise<void>;
}

export interface RequestCounts {
  readonly total: number;
  readonly mostAtOnce: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

const ready = /^\{"baseUrl":"([^"]+)"/m;
const longestLifeMs = 60 * 60_000;

const countsShape = z.object({
  total: z.number(),
  mostAtOnce: z.number(),
  byStatus: z.record(z.string(), z.number()),
});
const text = z.union([z.string(), z.null(), z.object({ zh_CN: z.string() }).transform(({ zh_CN }) => zh_CN)]);
const listShape = z.object({ codes: z.array(z.object({ obsCode: z.string(), obsCodeDesc: text })) });

export async function startSimulatorProcess({
  codes,
  latencyMs,
}: Pick<Situation, 'codes' | 'latencyMs'>): Promise<SimulatorProcess> {
  const keys = ['--access-key', testKeys.accessKey, '--secret-key', testKeys.secretKey];
  const process_ = start(
    ['simulate', '--port', '0', '--codes', String(codes), '--latency', String(latencyMs), ...keys],
    { timeoutMs: longestLifeMs },
  );
  const [, baseUrl = ''] = await process_.waitForOutput(ready);

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${baseUrl}/simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the simulator answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  return {
    baseUrl,
    cpuMs: () => processTimes(process_.pid).ownMs,
    requests: async () => countsShape.parse(await control('GET', 'requests')),
    resetRequests: async () => {
      await control('DELETE', 'requests');
    },
    rewrite: async (share, lastVdn) =>
      z.object({ changed: z.number() }).parse(await control('POST', 'edit', { share, lastVdn })).changed,
    removeCode: async (vdnId, obsCode) => {
      await control('DELETE', `vdns/${vdnId}/codes/${obsCode}`);
    },
    list: async (vdnId) => {
      const { codes: listed } = listShape.parse(await control('GET', `vdns/${vdnId}`));
      return new Map(listed.map(({ obsCode, obsCodeDesc }) => [obsCode, obsCodeDesc]));
    },
    close: async () => {
      process_.signal('SIGTERM');
      await process_.exit;
    },
  };
}
