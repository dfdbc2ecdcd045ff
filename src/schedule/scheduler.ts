import type { Logger } from 'pino';
import type { ScheduleConfig } from '../config/types.ts';
import { FatalError } from '../errors.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { OpenDatabase } from '../store/database.ts';
import { type RunPlan, runSync } from '../sync/run.ts';
import { createTimetable } from './timetable.ts';

/** How long a run may go on after the process was told to stop. */
const finishWithinMs = 15_000;

/** Gives each run its database. */
export type WithDatabase = <T>(work: (database: OpenDatabase) => Promise<T>) => Promise<T>;

export interface ScheduledRuns {
  readonly schedule: ScheduleConfig;
  readonly plan: RunPlan;
  readonly withDatabase: WithDatabase;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Scheduler {
  start(): void;
  /**
   * Takes no further time, and waits for a run under way: 15 s until it has ended by itself, then until it has
   * stopped.
   *
   * @param reason what the run is stopped with, an `Interruption`
   */
  stop(reason: unknown): Promise<void>;
}

/**
 * Runs at the times of the schedule, one run at a time. Whatever becomes of a run is logged and counted, and ends
 * nothing else.
 *
 * @throws FatalError `configuration` where the schedule cannot be
 */
export function createScheduler({ schedule, plan, withDatabase, metrics, logger }: ScheduledRuns): Scheduler {
  const interrupting = new AbortController();
  const surroundings = { signal: interrupting.signal, logger, observer: metrics };
  let current: Promise<void> | undefined;

  async function run(): Promise<void> {
    const startedAt = performance.now();
    metrics.runBegins();
    try {
      const { status } = await withDatabase((database) => runSync(database, plan, surroundings));
      metrics.runEnds(status, performance.now() - startedAt);
    } catch (error) {
      metrics.runEnds(error instanceof FatalError ? 'refused' : 'failed', performance.now() - startedAt);
      logFailure(error, logger);
    }
  }

  function announceNext(): void {
    const next = timetable.next();
    metrics.nextRun(next);
    logger.info({ nextRunAt: next }, `the next run is due at ${next.toISOString()} (${schedule.timezone})`);
  }

  const timetable = createTimetable(schedule, logger, async () => {
    current = run();
    await current;
    current = undefined;
    if (!interrupting.signal.aborted) announceNext();
  });

  return {
    start() {
      timetable.start();
      announceNext();
    },
    async stop(reason) {
      timetable.stop();
      if (current === undefined) return;
      logger.info(`a run is under way; it has ${finishWithinMs / 1000} s to end before it is interrupted`);
      const timer = setTimeout(() => interrupting.abort(reason), finishWithinMs);
      await current;
      clearTimeout(timer);
    },
  };
}

/** A run that could not begin, or met a bug. */
function logFailure(error: unknown, logger: Logger): void {
  if (error instanceof FatalError) {
    const { code, message } = error;
    const say = code === 'locked' ? logger.warn.bind(logger) : logger.error.bind(logger);
    say({ status: 'refused', errorCode: code }, `run refused: ${message}`);
    return;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error({ status: 'failed', errorCode: 'unexpected', stack }, `run failed: ${String(error)}`);
}
