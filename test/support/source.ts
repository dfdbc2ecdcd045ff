import type { SourceConfig } from '../../src/config/schema.ts';
import { demoAccount } from '../../src/simulator/index.ts';

/** A source as the configuration gives it, with the simulator's own keys and no further attempts. */
export function sourceOf(
  baseUrl: string,
  vdns: number[],
  settings: Partial<SourceConfig> = {},
): SourceConfig {
  return {
    ...demoAccount,
    name: 'prod',
    baseUrl,
    vdns,
    locale: 'en_US',
    pageSize: 50,
    concurrency: 4,
    timeoutMs: 10_000,
    retries: 0,
    outageMs: 1_000,
    tls: { insecureSkipVerify: false },
    signing: { headers: ['content-type', 'host'], timestamp: 'seconds' },
    conflictingDescriptions: 'fail',
    ...settings,
  };
}
