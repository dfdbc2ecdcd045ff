import { expect, test } from 'vitest';
import { exitCodes } from '../../../src/errors.ts';
import { repeatDelayMs } from '../../../src/schedule/repeat.ts';

const schedule = { retries: 3, retryDelayMs: 600_000 };

test('what a retry may overcome is repeated after 10, 20 and 40 minutes, and then no more', () => {
  for (const exitCode of [3, 5, 6, 75] as const) {
    const delays = [0, 1, 2, 3].map((attempt) => repeatDelayMs(schedule, attempt, exitCode));
    expect(delays, String(exitCode)).toEqual([600_000, 1_200_000, 2_400_000, undefined]);
  }
});

test('what a retry cannot change, or was stopped, is not', () => {
  const others = Object.values(exitCodes).filter((code) => ![3, 5, 6, 75].includes(code));
  expect(others).toEqual([0, 1, 2, 4, 7, 130, 143]);
  for (const exitCode of others) expect(repeatDelayMs(schedule, 0, exitCode)).toBeUndefined();
});
