import type { Logger } from 'pino';
import type { GuardConfig } from '../config/types.ts';
import { FatalError } from '../errors.ts';
import type { Attempt } from '../isales/client.ts';
import type { OpenDatabase } from '../store/database.ts';
import {
  contactError,
  describeDatabaseError,
  isConnectionLost,
  sqlStateOf,
} from '../store/database-error.ts';
import { requireCurrentSchema } from '../store/migrator.ts';
import { Reconnect } from '../store/reconnect.ts';
import { prune } from '../store/retention.ts';
import { takeRunLock } from '../store/run-lock.ts';
import { finishRun, type RunOrigin, type RunResult, startRun } from '../store/run-log.ts';
import { prepareVdns } from '../store/vdn-states.ts';
import { type SourceSelection, vdnsSelected } from './selection.ts';
import { conclude, type RunSummary, Tally, type VdnResult } from './summary.ts';
import type { WritingRun } from './vdn.ts';
import { workThrough } from './work.ts';

/** What a run is to do. */
export interface RunPlan {
  readonly selection: readonly SourceSelection[];
  readonly guard: GuardConfig;
  readonly maxDurationMs: number;
  /** Runs older than this are forgotten at the end. */
  readonly retentionMs: number;
  /** VDNs verified within it are left alone; undefined: none is. */
  readonly maxAgeMs: number | undefined;
  readonly approvals: ReadonlySet<string>;
  readonly dryRun: boolean;
  readonly origin: RunOrigin;
}

/** Looks on while a run is under way: a progress bar, metrics. */
export interface RunObserver {
  /** @param runId null in a dry run */
  started(vdnsTotal: number, runId: number | null): void;
  attempted(source: string, attempt: Attempt): void;
  concluded(result: VdnResult): void;
}

export interface Surroundings {
  /** Stops the run; its reason is an `Interruption`. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly observer: RunObserver;
}

/**
 * One run over the selected VDNs.
 *
 * @throws FatalError where the run could not begin; then nothing was touched
 */
export async function runSync(
  database: OpenDatabase,
  plan: RunPlan,
  surroundings: Surroundings,
): Promise<RunSummary> {
  const startedAt = performance.now();
  const reconnect = new Reconnect(database, surroundings.signal, surroundings.logger);
  await reconnect.retry(() => requireCurrentSchema(database));
  const run = plan.dryRun ? undefined : await reconnect.retry(() => begin(database, plan));
  const logger = surroundings.logger.child(run ? { runId: run.runId } : { dryRun: true });
  try {
    const tally = new Tally();
    const stopped = await workThrough(database, plan, run, tally, { ...surroundings, logger });
    const concluded = conclude(tally, stopped);
    const result = run
      ? await end(database, plan, run.runId, concluded, { ...surroundings, logger })
      : concluded;
    warnOfUnusedApprovals(plan, tally, logger);
    const summary: RunSummary = {
      runId: run?.runId ?? null,
      status: result.status,
      exitCode: result.exitCode,
      error: result.error,
      shard: plan.origin.shard,
      dryRun: plan.dryRun,
      vdns: result.vdns,
      codes: result.codes,
      requests: result.requests,
      durationMs: Math.round(performance.now() - startedAt),
      outcomes: tally.outcomes,
    };
    logRun(logger, summary);
    return summary;
  } finally {
    await run?.lock.release();
  }
}

async function begin(database: OpenDatabase, { selection, origin }: RunPlan): Promise<WritingRun> {
  try {
    const lock = await takeRunLock(
      database,
      selection.map(({ source }) => source.name),
    );
    try {
      // Before dead runs are closed: what a killed one is still committing shall be counted as its own.
      for (const { source } of selection) await prepareVdns(database.db, source.name, source.vdns);
      const runId = await startRun(database.db, lock, origin, vdnsSelected(selection));
      return { runId, lock };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw contactError(error, database.where);
  }
}

/**
 * Closes the run's row and forgets old runs.
 *
 * @returns how the run ended: as it was, or that the database was not there any more
 */
async function end(
  database: OpenDatabase,
  { retentionMs }: RunPlan,
  runId: number,
  result: RunResult,
  { signal, logger }: Surroundings,
): Promise<RunResult> {
  // Waited for long enough already; the next run closes the row.
  if (result.error?.code === 'database-unreachable') return result;
  try {
    const watch = new Reconnect(database, signal, logger);
    await watch.retry(() => finishRun(database.db, runId, result));
  } catch (error) {
    if (signal.aborted) {
      logger.warn('the end of the run could not be written to the database; the next run closes its row');
      return result;
    }
    const reason = contactError(error, database.where);
    if (!(reason instanceof FatalError)) throw error;
    return {
      ...result,
      status: 'failed',
      exitCode: reason.exitCode,
      error: { code: reason.code, message: reason.message },
    };
  }
  if (!signal.aborted) await forgetOldRuns(database, retentionMs, logger);
  return result;
}

/** A convenience that the next run can do as well: its failure is not the run's. */
async function forgetOldRuns({ db }: OpenDatabase, retentionMs: number, logger: Logger): Promise<void> {
  try {
    await prune(db, retentionMs);
  } catch (error) {
    if (!isConnectionLost(error) && sqlStateOf(error) === undefined) throw error;
    logger.warn(`old runs could not be removed, the next run tries again: ${describeDatabaseError(error)}`);
  }
}

function warnOfUnusedApprovals({ approvals }: RunPlan, tally: Tally, logger: Logger): void {
  const used = new Set(
    tally.outcomes.flatMap(({ outcome, plan }) => (outcome === 'changed' && plan ? plan : [])),
  );
  for (const plan of approvals) {
    if (used.has(plan)) continue;
    logger.warn(
      { plan },
      `the approval of ${plan} matched no VDN's difference, so it had no effect; \`status\` lists the plans that are held`,
    );
  }
}

function logRun(
  logger: Logger,
  { status, exitCode, error, vdns, codes, requests, durationMs }: RunSummary,
): void {
  const fields = { status, exitCode, errorCode: error?.code, vdns, codes, requests, durationMs };
  logger.info(fields, error === null ? `run ${status}` : `run ${status}: ${error.message}`);
}
