import pino from 'pino';
import { runSettings } from '../../../src/commands/run-settings.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { runSync } from '../../../src/sync/run.ts';
import { RunCounters, type RunSummary } from '../../../src/sync/summary.ts';
import { testKeys } from '../../support/configuration.ts';

export interface SourceSettings {
  readonly name: string;
  readonly baseUrl: string;
  readonly vdns: readonly (number | string)[];
  readonly [setting: string]: unknown;
}

/** A guard that holds nothing but a list that became empty, which it always holds. */
const widestGuard = { removedShare: 1, rewrittenShare: 1 };

/** One run over one source in this process, as `sync` does it. */
export function syncInProcess(
  database: OpenDatabase,
  source: SourceSettings,
  approvals: readonly string[] = [],
): Promise<RunSummary> {
  const config = configSchema('/').parse({
    database: { url: 'postgres://elsewhere' },
    sources: [{ ...testKeys, ...source }],
    guard: widestGuard,
  });
  const settings = runSettings(config, { approvals }, { trigger: 'cli', arguments: 'test' });
  return runSync(database, settings, {
    counters: new RunCounters({ shard: null, dryRun: false }),
    signal: new AbortController().signal,
    logger: pino({ level: 'silent' }),
    observer: { started() {}, attempted() {}, concluded() {} },
  });
}
