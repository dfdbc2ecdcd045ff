import { createTask, type ScheduledTask, validateDetailed } from 'node-cron';
import type { Logger } from 'pino';
import type { ScheduleConfig } from '../config/schema.ts';
import { FatalError } from '../errors.ts';

/** A clock that was set, or a machine that slept, is noticed within this. */
const lookEveryMs = 30_000;

/** A run that begins later than this, or a clock that was set by more, is logged. */
const loggedFromMs = 60_000;

export interface TimetableEvents {
  /** A time has come. */
  readonly onTime: (due: Date) => void;
  /** The next time is this one from now on. */
  readonly onNext: (next: Date) => void;
}

/** The times at which runs begin. */
export interface Timetable {
  start(): void;
  /** No further time comes. */
  stop(): void;
  /** The next time to come. */
  next(): Date;
}

/**
 * A timetable by the wall clock, also when the clock is set. node-cron finds the times; its own timer sleeps up to a
 * day by the monotonic clock, so that a clock set forward would lose a night and one set back several. Here a time
 * that passed while the process was suspended comes late, once, and is logged.
 *
 * @throws FatalError `configuration`, naming what is wrong with the expression
 */
export function createTimetable(
  { cron, timezone }: Pick<ScheduleConfig, 'cron' | 'timezone'>,
  logger: Logger,
  { onTime, onNext }: TimetableEvents,
): Timetable {
  const { errors } = validateDetailed(cron);
  if (errors.length > 0) throw wrongCron(cron, errors);
  const task = createTask(cron, () => {}, { timezone, logger: intoLog(logger) });
  let due = firstTime(task, cron);
  let timer: NodeJS.Timeout | undefined;
  let looked = { wall: Date.now(), monotonic: performance.now() };

  function setNext(): void {
    due = firstTime(task, cron);
    onNext(due);
  }

  function look(): void {
    const now = { wall: Date.now(), monotonic: performance.now() };
    const setByMs = now.wall - looked.wall - (now.monotonic - looked.monotonic);
    looked = now;
    if (Math.abs(setByMs) > loggedFromMs) logClockSet(setByMs);
    const lateMs = now.wall - due.getTime();
    if (lateMs >= 0) {
      const passed = due;
      if (lateMs > loggedFromMs) logLate(passed, lateMs);
      onTime(passed);
      setNext();
    } else if (setByMs < -loggedFromMs) {
      setNext();
    }
    arm();
  }

  function arm(): void {
    timer = setTimeout(look, Math.min(Math.max(due.getTime() - Date.now(), 0), lookEveryMs));
  }

  function logClockSet(setByMs: number): void {
    const went =
      setByMs > 0
        ? `forward by ${minutes(setByMs)}: it was set, or the machine slept`
        : `back by ${minutes(setByMs)}`;
    logger.warn({ setByMs: Math.round(setByMs) }, `the clock of this machine went ${went}`);
  }

  function logLate(passed: Date, lateMs: number): void {
    logger.warn(
      { dueAt: passed, lateMs },
      `the run of ${passed.toISOString()} was missed, since this process was suspended or the clock was set; it is caught up ` +
        `now, ${minutes(lateMs)} late, by one run for all times that passed`,
    );
  }

  return {
    start() {
      looked = { wall: Date.now(), monotonic: performance.now() };
      setNext();
      arm();
    },
    stop: () => clearTimeout(timer),
    next: () => due,
  };
}

function minutes(ms: number): string {
  const count = Math.round(Math.abs(ms) / 60_000);
  return count === 1 ? '1 minute' : `${count} minutes`;
}

/** Some expressions are valid and still match no time. */
function firstTime(task: ScheduledTask, cron: string): Date {
  try {
    const [next] = task.getNextRuns(1);
    if (next !== undefined) return next;
  } catch {}
  throw new FatalError('configuration', `schedule.cron "${cron}" names a time that never comes. ${expected}`);
}

const expected =
  'Expected minute, hour, day of the month, month and day of the week, e.g. "15 2 * * *"; seconds may go before them.';

/** node-cron's names of the fields, for people. */
const fieldNames: Readonly<Record<string, string>> = {
  second: 'the second (0 to 59)',
  minute: 'the minute (0 to 59)',
  hour: 'the hour (0 to 23)',
  dayOfMonth: 'the day of the month (1 to 31)',
  month: 'the month (1 to 12)',
  dayOfWeek: 'the day of the week (0 to 7)',
};

function wrongCron(
  cron: string,
  errors: readonly { readonly field: string; readonly value?: string; readonly message: string }[],
): FatalError {
  const problems = errors.map(({ field, value, message }) => {
    const name = fieldNames[field];
    return name === undefined ? message : `${name} cannot be ${value}`;
  });
  return new FatalError('configuration', `schedule.cron "${cron}": ${problems.join('; ')}. ${expected}`);
}

/** What node-cron would print itself. */
function intoLog(logger: Logger) {
  return {
    info: (message: string) => logger.info(`node-cron: ${message}`),
    warn: (message: string) => logger.warn(`node-cron: ${message}`),
    debug() {},
    error: (message: string | Error) => logger.error(`node-cron: ${String(message)}`),
  };
}
