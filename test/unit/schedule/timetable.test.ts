import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTimetable } from '../../../src/schedule/timetable.ts';

interface LogLine {
  level: number;
  msg: string;
  dueAt?: string;
}

/** A timetable and what it logs. */
function timetable(cron: string, onTime: () => Promise<void> = async () => {}, timezone = 'UTC') {
  const lines: LogLine[] = [];
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const table = createTimetable({ cron, timezone }, logger, onTime);
  onTestFinished(() => table.stop());
  return { table, lines };
}

async function until(look: () => boolean) {
  while (!look()) await pause(20);
}

describe('an expression that cannot be is refused, naming the field', () => {
  test.each([
    ['61 2 * * *', 'the minute (0 to 59) cannot be 61'],
    ['15 24 * * *', 'the hour (0 to 23) cannot be 24'],
    ['15 2 32 * *', 'the day of the month (1 to 31) cannot be 32'],
    ['15 2 * 13 *', 'the month (1 to 12) cannot be 13'],
    ['15 2 * * 8', 'the day of the week (0 to 7) cannot be 8'],
    ['60 15 2 * * *', 'the second (0 to 59) cannot be 60'],
    ['61 25 * * *', 'the minute (0 to 59) cannot be 61; the hour (0 to 23) cannot be 25'],
    ['15 2 31 2 *', 'the day of the month (1 to 31) cannot be 31'],
    ['nightly', 'expected 5 or 6 fields but got 1'],
    ['15 2 * *', 'expected 5 or 6 fields but got 4'],
    ['15 2 30W 2 *', 'names a time that never comes'],
  ])('%s', (cron, problem) => {
    expect(() => timetable(cron)).toThrow(
      expect.objectContaining({
        name: 'FatalError',
        code: 'configuration',
        message: expect.stringMatching(/^schedule\.cron ".*Expected minute, hour/),
      }),
    );
    expect(() => timetable(cron)).toThrow(problem);
  });
});

describe('the next time', () => {
  afterEach(() => void vi.useRealTimers());

  function times(cron: string, timezone: string, from: string, count: number): string[] {
    const { table } = timetable(cron, undefined, timezone);
    const found: string[] = [];
    for (let now = new Date(from); found.length < count; now = table.next()) {
      vi.useFakeTimers({ toFake: ['Date'], now });
      found.push(table.next().toISOString());
    }
    return found;
  }

  test('is meant in the configured time zone', () => {
    expect(times('15 2 * * *', 'Asia/Shanghai', '2026-11-23T00:00:00Z', 2)).toEqual([
      '2026-11-23T18:15:00.000Z',
      '2026-11-24T18:15:00.000Z',
    ]);
  });

  test('is left out on the day on which daylight saving skips it', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2027-03-27T00:00:00Z', 2)).toEqual([
      '2027-03-27T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  test('comes once on the day on which daylight saving repeats it', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T01:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });
});

test('a time that comes while a run is under way is left out, and logged', async () => {
  let calls = 0;
  const { promise: untilReleased, resolve: release } = Promise.withResolvers<void>();
  const { table, lines } = timetable('* * * * * *', () => {
    calls++;
    return untilReleased;
  });
  table.start();
  await until(() => lines.length > 0);
  expect(calls).toBe(1);
  expect(lines[0]).toMatchObject({ level: 40, msg: expect.stringContaining('still under way') });
  release();
  await until(() => calls > 1);
});

/** Holds the whole process up, as a busy machine does. */
function holdUp(ms: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a time that passes while the process is held up is logged as missed', async () => {
  let calls = 0;
  const { table, lines } = timetable('* * * * * *', async () => {
    calls++;
  });
  table.start();
  await until(() => calls === 1);
  holdUp(2200);
  await until(() => calls === 2);
  expect(lines[0]).toMatchObject({ level: 40, msg: expect.stringContaining('was missed') });
});

test('a run that can only begin late begins late, and is not lost', async () => {
  let calls = 0;
  const { table, lines } = timetable('*/6 * * * * *', async () => {
    calls++;
  });
  table.start();
  await pause(table.next().getTime() - Date.now() - 100);
  holdUp(2500);
  await until(() => calls === 1);
  expect(lines).toEqual([]);
});

test('after a stop no time is taken', async () => {
  let calls = 0;
  const { table } = timetable('* * * * * *', async () => {
    calls++;
  });
  table.start();
  await until(() => calls === 1);
  table.stop();
  await pause(1300);
  expect(calls).toBe(1);
});
