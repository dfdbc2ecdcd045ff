import pino from 'pino';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTimetable } from '../../../src/schedule/timetable.ts';

interface LogLine {
  level: number;
  msg: string;
  dueAt?: string;
}

/** A timetable, its log, the times that came, and the next times that it announced. */
function timetable(cron: string, timezone = 'UTC') {
  const lines: LogLine[] = [];
  const came: string[] = [];
  const next: string[] = [];
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const table = createTimetable({ cron, timezone }, logger, {
    onTime: (due) => came.push(due.toISOString()),
    onNext: (due) => next.push(due.toISOString()),
  });
  onTestFinished(() => table.stop());
  return { table, lines, came, next };
}

describe('an expression that is not valid is refused, naming the field', () => {
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
    const found: string[] = [];
    for (let now = from; found.length < count; now = found.at(-1) ?? now) {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
      found.push(timetable(cron, timezone).table.next().toISOString());
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

describe('as time passes', () => {
  const hour = 3_600_000;

  function started(cron: string, from: string) {
    vi.useFakeTimers({ now: new Date(from) });
    onTestFinished(() => void vi.useRealTimers());
    const scene = timetable(cron);
    scene.table.start();
    return { ...scene, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
  }

  /** The wall clock alone jumps; the process's own goes on. */
  const setClock = (to: string) => void vi.setSystemTime(new Date(to));

  test('each time comes once, at its second', async () => {
    const { pass, came, next, lines } = started('15 2 * * *', '2026-11-23T00:00:00Z');
    await pass(2.25 * hour - 1);
    expect(came).toEqual([]);
    await pass(1);
    expect(came).toEqual(['2026-11-23T02:15:00.000Z']);
    await pass(24 * hour);
    expect(came).toEqual(['2026-11-23T02:15:00.000Z', '2026-11-24T02:15:00.000Z']);
    expect(next.at(-1)).toBe('2026-11-25T02:15:00.000Z');
    expect(lines).toEqual([]);
  });

  test('a clock that is set forward over a time: its run is caught up within half a minute, and that is logged', async () => {
    const { pass, came, next, lines } = started('15 2 * * *', '2026-11-23T00:00:00Z');
    await pass(10_000);
    setClock('2026-11-23T08:00:00Z');
    await pass(30_000);
    expect(came).toEqual(['2026-11-23T02:15:00.000Z']);
    expect(next.at(-1)).toBe('2026-11-24T02:15:00.000Z');
    expect(lines).toMatchObject([
      { level: 40, msg: expect.stringContaining('went forward by 480 minutes') },
      {
        level: 40,
        dueAt: '2026-11-23T02:15:00.000Z',
        msg: expect.stringContaining('was missed, since this process was suspended or the clock was set'),
      },
    ]);
  });

  test('a clock that was days ahead and is set back: the nights in between are not lost', async () => {
    const { pass, came, lines } = started('15 2 * * *', '2026-11-26T02:14:59Z');
    await pass(2000);
    setClock('2026-11-23T12:00:00Z');
    await pass(24 * hour);
    expect(came).toEqual(['2026-11-26T02:15:00.000Z', '2026-11-24T02:15:00.000Z']);
    expect(lines).toMatchObject([{ level: 40, msg: expect.stringContaining('went back by 3735 minutes') }]);
  });

  test('a clock that is set back by a second at the very time brings no run twice', async () => {
    const { pass, came, lines } = started('15 2 * * *', '2026-11-23T02:14:59Z');
    await pass(1001);
    setClock('2026-11-23T02:14:59.500Z');
    await pass(hour);
    expect(came).toEqual(['2026-11-23T02:15:00.000Z']);
    expect(lines).toEqual([]);
  });

  test('after a stop no time comes', async () => {
    const { table, pass, came } = started('* * * * * *', '2026-11-23T00:00:00Z');
    await pass(1000);
    table.stop();
    await pass(5000);
    expect(came.length).toBe(1);
  });
});
