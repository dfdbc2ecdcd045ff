import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ScheduleConfig } from '../config/schema.ts';
import { type ExitCode, exitCodes, FatalError } from '../errors.ts';
import type { Metrics } from '../observe/metrics.ts';
import { moment } from '../page/words.ts';
import type { OpenDatabase } from '../store/database.ts';
import { runSync } from '../sync/run.ts';
import type { RunSettings } from '../sync/run-settings.ts';
import { RunCounters, type RunSummary } from '../sync/summary.ts';
import { repeatDelayMs, repetition } from './repeat.ts';
import { createTimetable } from './timetable.ts';

/** How long a run may go on after the process was told to stop. */
const finishWithinMs = 15_000;

/** Opens the database for the time of a piece of work. */
export type WithDatabase = <T>(work: (database: OpenDatabase) => Promise<T>) => Promise<T>;

export interface ScheduledRuns {
  readonly schedule: ScheduleConfig;
  readonly settings: RunSettings;
  /** Gives each run its database; may send notifications. `repeated`: it goes on with the night's first run. */
  readonly withDatabase: (
    run: (database: OpenDatabase) => Promise<RunSummary>,
    repeated: boolean,
  ) => Promise<RunSummary>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Scheduler {
  start(): void;
  /**
   * Starts no further run, and waits for a run under way: 15 s until it has ended by itself, then until it has
   * stopped.
   *
   * @param reason what the run is stopped with, an `Interruption`
   */
  stop(reason: unknown): Promise<void>;
}

/**
 * Runs at the times of the schedule, one run at a time, and repeats one that another attempt may complete. Each end is
 * logged and counted, and never ends the process.
 *
 * @throws FatalError `configuration` where the schedule is not valid
 */
export function createScheduler({
  schedule,
  settings,
  withDatabase,
  metrics,
  logger,
}: ScheduledRuns): Scheduler {
  const interrupting = new AbortController();
  let current: Promise<ExitCode> | undefined;
  /** Ends the retries of the night before. */
  let night = new AbortController();

  async function run(asked: RunSettings, repeated: boolean): Promise<ExitCode> {
    const startedAt = performance.now();
    metrics.runBegins();
    try {
      const counters = new RunCounters({ shard: null, dryRun: false });
      const options = { signal: interrupting.signal, logger, observer: metrics, counters };
      const { status, exitCode } = await withDatabase(
        (database) => runSync(database, asked, options),
        repeated,
      );
      metrics.runEnds(status, performance.now() - startedAt);
      return exitCode;
    } catch (error) {
      metrics.runEnds(error instanceof FatalError ? 'refused' : 'failed', performance.now() - startedAt);
      logFailure(error, logger);
      return error instanceof FatalError ? error.exitCode : exitCodes.unexpected;
    }
  }

  async function runAndRepeat(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      const repeated = attempt > 0;
      const sinceFirstMs = performance.now() - startedAt;
      current = run(repeated ? repetition(settings, sinceFirstMs) : settings, repeated);
      const exitCode = await current;
      current = undefined;
      if (signal.aborted) return;
      const delayMs = delayToRepeat(attempt, exitCode);
      if (delayMs === undefined) break;
      await pause(delayMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    announce(timetable.next());
  }

  /** Tells it, too. */
  function delayToRepeat(attempt: number, exitCode: ExitCode): number | undefined {
    const delayMs = repeatDelayMs(schedule, attempt, exitCode);
    if (delayMs === undefined) return undefined;
    const at = new Date(Date.now() + delayMs);
    if (at >= timetable.next()) {
      logger.info(`the run ended with ${exitCode} and is not repeated: the next one is due before that`);
      return undefined;
    }
    metrics.nextRun(at);
    logger.warn(
      { exitCode, nextRunAt: at },
      `the run ended with ${exitCode}; what it did not verify is retried at ${inZone(at)} ` +
        `(${attempt + 1} of ${schedule.retries})`,
    );
    return delayMs;
  }

  function inZone(instant: Date): string {
    return `${moment(instant, schedule.timezone)}, by the clocks of ${schedule.timezone}`;
  }

  function announce(next: Date): void {
    metrics.nextRun(next);
    logger.info({ nextRunAt: next }, `the next run is due at ${inZone(next)}`);
  }

  const timetable = createTimetable(schedule, logger, {
    onTime(due) {
      if (current !== undefined) {
        const message = `the run of ${due.toISOString()} is skipped: the one before is still under way`;
        logger.warn({ dueAt: due }, message);
        return;
      }
      night.abort();
      night = new AbortController();
      void runAndRepeat(night.signal);
    },
    onNext(next) {
      if (current === undefined) announce(next);
    },
  });

  return {
    start: () => timetable.start(),
    async stop(reason) {
      timetable.stop();
      night.abort();
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
