import type { SourceConfig } from '../../../src/config/schema.ts';
import { createLogger } from '../../../src/observe/logger.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { runSync } from '../../../src/sync/run.ts';
import type { RunSettings } from '../../../src/sync/run-settings.ts';
import { RunCounters, type RunSummary } from '../../../src/sync/summary.ts';
import { locksReleased } from '../store/opened.ts';

/** One run over all VDNs of the sources; the guard lets everything pass unless the settings say otherwise. */
export async function sync(
  database: OpenDatabase,
  sources: readonly SourceConfig[],
  settings: Partial<RunSettings> = {},
): Promise<RunSummary> {
  const all: RunSettings = {
    selection: sources.map((source) => ({ source, vdnIds: source.vdns })),
    guard: { removedShare: 1, rewrittenShare: 1, atLeast: 1, source: { removedShare: 1, atLeast: 1 } },
    maxDurationMs: 60_000,
    ...{ retentionMs: 86_400_000, staleAfterMs: 86_400_000, whole: true },
    maxAgeMs: undefined,
    approvals: new Set(),
    dryRun: false,
    origin: { trigger: 'cli', arguments: 'sync', shard: null, version: '0', host: 'test' },
    ...settings,
  };
  const summary = await runSync(database, all, {
    counters: new RunCounters({ shard: null, dryRun: all.dryRun }),
    signal: new AbortController().signal,
    logger: createLogger('silent', () => {}),
    observer: { started() {}, attempted() {}, concluded() {} },
  });
  await locksReleased(database);
  return summary;
}
