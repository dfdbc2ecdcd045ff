import { runSettings } from '../../src/commands/run-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/observe/logger.ts';
import type { ListedCode, Simulator } from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/store/database.ts';
import { runSync } from '../../src/sync/run.ts';
import { RunCounters, type RunSummary } from '../../src/sync/summary.ts';
import type { SyncSetup } from '../support/sync-setup.ts';
import { query } from '../support/template-database.ts';

/**
 * Lets an apply take a good part of a run: it pauses between its statements, and once more while it commits, when the
 * client has sent its last word. For runs whose URL has `pauses`.
 */
export const slowApply = `
  create function public.pause() returns trigger language plpgsql as $$ begin
    perform pg_sleep(coalesce(current_setting('test.pause', true), '0')::float);
    return null;
  end $$;
  create trigger pause after insert or update on obs.result_code
    for each statement execute function public.pause();
  create trigger pause after insert or update on obs.result_code_history
    for each statement execute function public.pause();
  create constraint trigger pause_in_commit after insert on obs.sync_run_vdn
    deferrable initially deferred for each row execute function public.pause()`;

/** Holds up the commit of an apply as long as `public.gate` is locked. */
export const gateInCommit = `
  create table public.gate ();
  create function public.pass_gate() returns trigger language plpgsql as $$ begin
    perform from public.gate;
    return null;
  end $$;
  create constraint trigger gate_in_commit after insert on obs.sync_run_vdn
    deferrable initially deferred for each row execute function public.pass_gate()`;

export const pauses = `options=${encodeURIComponent('-c test.pause=0.06')}`;

/** Changes a list in every way, moderately, so that the guard lets it pass. */
export function edited(codes: readonly ListedCode[]): ListedCode[] {
  const at = (share: number) => Math.floor(Math.random() * codes.length * share);
  const changed = at(0.5);
  const fresh = String(Math.floor(Math.random() * 40)).padStart(4, '9');
  const rest = codes.map((code, index) =>
    index === changed ? { ...code, obsCodeDesc: `Text ${Math.random()}` } : code,
  );
  const others = rest.filter(({ obsCode }) => obsCode !== fresh).toSpliced(at(0.9), 1);
  return [...others, { obsCode: fresh, obsCodeDesc: `Text ${Math.random()}` }];
}

/**
 * The run after a killed one, in this process and without pauses; waits for the server to notice that the killed one
 * is gone.
 */
export async function runAfter({ url, config: configFile }: SyncSetup): Promise<RunSummary> {
  const config = await loadConfig(configFile, {});
  const settings = runSettings(config, {}, { trigger: 'cli', arguments: 'sync' });
  const observer = { started() {}, attempted() {}, concluded() {} };
  const logger = createLogger('silent', () => {});
  const database = await openDatabase({ ...config.database, url });
  try {
    for (;;) {
      try {
        const counters = new RunCounters({ shard: null, dryRun: false });
        const { signal } = new AbortController();
        return await runSync(database, settings, { signal, logger, observer, counters });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'locked')) throw error;
      }
    }
  } finally {
    await database.close();
  }
}

/** Which VDNs have other active codes than their list. */
export async function unlike(url: string, simulator: Simulator, vdnIds: readonly number[]) {
  const rows = await query(
    url,
    `select vdn_id, json_object_agg(obs_code, obs_code_desc) as codes from obs.active_result_code group by vdn_id`,
  );
  const stored = new Map(rows.map(({ vdn_id, codes }) => [vdn_id, Object(codes)]));
  return vdnIds.filter((vdnId) => {
    const list = simulator.vdn(vdnId).list();
    const codes: Record<string, unknown> = stored.get(vdnId) ?? {};
    const same = list.every(({ obsCode, obsCodeDesc }) => codes[obsCode] === obsCodeDesc);
    return !same || Object.keys(codes).length !== list.length;
  });
}
