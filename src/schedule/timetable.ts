import { createTask, type ScheduledTask, validateDetailed } from 'node-cron';
import type { Logger } from 'pino';
import type { ScheduleConfig } from '../config/types.ts';
import { FatalError } from '../errors.ts';

/**
 * How late a run may begin. node-cron's own second is too strict: a machine that is busy, or suspended, at the very
 * second would lose the night.
 */
const latestStartMs = 3_600_000;

/** The times at which runs begin. */
export interface Timetable {
  start(): void;
  /** No further time is taken; a run under way goes on. */
  stop(): void;
  /** The next time to come. */
  next(): Date;
}

/**
 * A timetable that calls `onTime` at each of its times, but not while an earlier call is under way: such a time is
 * logged, and so is one that passed while this process was held up for longer than an hour.
 *
 * @param onTime never rejects
 * @throws FatalError `configuration`, naming what is wrong with the expression
 */
export function createTimetable(
  { cron, timezone }: ScheduleConfig,
  logger: Logger,
  onTime: () => Promise<void>,
): Timetable {
  const { errors } = validateDetailed(cron);
  if (errors.length > 0) throw wrongCron(cron, errors);
  const task = createTask(cron, onTime, {
    timezone,
    noOverlap: true,
    missedExecutionTolerance: latestStartMs,
    logger: onlyErrors(logger),
  });
  firstTime(task, cron);
  task.on('execution:missed', ({ date }) =>
    logger.warn({ dueAt: date }, `the run of ${date.toISOString()} was missed: this process was held up`),
  );
  task.on('execution:overlap', ({ date }) =>
    logger.warn(
      { dueAt: date },
      `the run of ${date.toISOString()} was left out: the one before is still under way`,
    ),
  );
  return {
    start: () => void task.start(),
    stop: () => void task.stop(),
    next: () => firstTime(task, cron),
  };
}

/** Some expressions are well formed and still never come true. */
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

/** What else node-cron would print is logged here in words of our own. */
function onlyErrors(logger: Logger) {
  return {
    info() {},
    warn() {},
    debug() {},
    error: (message: string | Error) => logger.error(`the scheduler failed: ${String(message)}`),
  };
}
