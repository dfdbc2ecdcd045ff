import type { Logger } from 'pino';
import type { SourceConfig } from '../config/schema.ts';
import { type Attempt, createClient } from '../isales/client.ts';
import { ServerQueue } from '../isales/server-queue.ts';
import { type RunStore, type SourceNews, unknownVdn, type VdnState } from '../store/run-store.ts';
import { Approvals } from './approvals.ts';
import { ListRoom } from './list-room.ts';
import type { RunSettings } from './run-settings.ts';
import { type SourceSelection, serverOf } from './run-settings.ts';
import { syncSource } from './source.ts';
import type { VdnResult } from './summary.ts';

interface RunHooks {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Ends the run, where it is not ending already. */
  readonly stop: (reason: unknown) => void;
  readonly onAttempt: (source: string, attempt: Attempt) => void;
  readonly onResult: (result: VdnResult) => void;
}

/**
 * Works through all selected sources at the same time.
 *
 * @param usedApprovals gains the approvals that matched
 */
export async function syncSources(
  store: RunStore,
  settings: RunSettings,
  usedApprovals: Set<string>,
  hooks: RunHooks,
): Promise<void> {
  const { signal, logger, stop, onResult } = hooks;
  const room = new ListRoom();
  const servers = byServer(settings.selection, logger);

  async function workOn({ source, vdnIds }: SourceSelection, queue: ServerQueue): Promise<void> {
    const { name, pageSize, conflictingDescriptions } = source;
    const stored = await statesOf(name);
    const known = new Map(stored.map((state) => [state.vdnId, state]));
    const states = vdnIds.map((vdnId) => known.get(vdnId) ?? unknownVdn(vdnId));
    await store.fresh(states.filter(({ fresh }) => fresh).length).catch(stop);
    const client = createClient(source, queue, (field) =>
      logger.info({ source: name }, `${name} sends a field that its documents do not have: ${field}`),
    );
    const context = {
      ...{
        source: name,
        pageSize,
        conflictingDescriptions,
        client,
        store,
        room,
        signal,
        logger,
        stop,
        onResult,
      },
      ...{
        slots: queue.concurrency,
        guard: settings.guard,
      },
      approvals: new Approvals(name, store, settings.approvals, usedApprovals, stored),
      sourceChange: newsInWords(source, store.news.get(name)?.before),
      onAttempt: (attempt: Attempt) => hooks.onAttempt(name, attempt),
    };
    try {
      await syncSource(context, states);
    } finally {
      client.close();
    }
  }

  /** Where they cannot be had the run ends, and the VDNs are reported as skipped. */
  async function statesOf(source: string): Promise<VdnState[]> {
    try {
      return await store.states(source, settings.maxAgeMs);
    } catch (error) {
      stop(error);
      return [];
    }
  }

  try {
    await Promise.all(
      servers.flatMap(({ queue, selections }) => selections.map((one) => workOn(one, queue).catch(stop))),
    );
  } finally {
    for (const { queue } of servers) queue.close();
  }
}

/** Sources on one server share a queue; their limits are the same already. */
function byServer(selection: readonly SourceSelection[], logger: Logger) {
  const groups = Map.groupBy(selection, ({ source }) => serverOf(source.baseUrl));
  return [...groups.values()].flatMap((selections) => {
    const [first] = selections;
    if (first === undefined) return [];
    const names = selections.map(({ source }) => source.name).join(', ');
    // As warnings, also the end of an outage: a terminal shows no lower level.
    const notify = (message: string) => logger.warn({ source: names }, `${names}: ${message}`);
    return [{ queue: new ServerQueue(first.source, { notify }), selections }];
  });
}

/**
 * What is different about a source since its last run, in words: the usual cause of a held change.
 *
 * @returns undefined where it is the same, or where nothing is known of the last run
 */
export function newsInWords(
  { baseUrl, locale }: Pick<SourceConfig, 'baseUrl' | 'locale'>,
  before: SourceNews['before'],
): string | undefined {
  // A row of version 0.1.0 has no server: nothing is known of its last run.
  if (before === undefined || before.server === null) return undefined;
  const changes = [
    ['server', before.server, new URL(baseUrl).host],
    ['locale', before.locale, locale ?? null],
  ] as const;
  const said = changes
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `the ${what} was ${was ?? 'not set'} and is ${is ?? 'not set'}`);
  return said.length === 0 ? undefined : said.join(', ');
}
