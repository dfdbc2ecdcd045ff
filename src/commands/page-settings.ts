import pino from 'pino';
import type { Config } from '../config/schema.ts';
import type { Invocation } from '../domain/invocation.ts';
import type { PageSettings } from '../page/report.ts';
import { createTimetable } from '../schedule/timetable.ts';
import { version } from '../version.ts';

/** What the status page says about this program. */
export function pageSettings(
  { freshness, schedule }: Pick<Config, 'freshness' | 'schedule'>,
  invocation: Invocation,
): PageSettings {
  return {
    staleAfterMs: freshness.staleAfterMs,
    invocation,
    timezone: schedule?.timezone ?? 'UTC',
    nextRun: schedule && nextTime(schedule),
    version,
  };
}

/** @throws FatalError `configuration` where there is none */
function nextTime(schedule: NonNullable<Config['schedule']>): Date {
  return createTimetable(schedule, pino({ level: 'silent' }), { onTime() {}, onNext() {} }).next();
}
