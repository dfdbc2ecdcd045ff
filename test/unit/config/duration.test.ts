import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../../src/config/fields.ts';

describe('a duration', () => {
  test.each([
    ['1ms', 1],
    ['500ms', 500],
    ['10s', 10_000],
    ['15m', 900_000],
    ['36h', 129_600_000],
    ['90d', 7_776_000_000],
    [' 10s ', 10_000],
  ])('%s is %i ms', (text, value) => {
    expect(parseDuration(text)).toEqual({ ok: true, value });
  });

  test.each([
    '',
    '10',
    's',
    '0s',
    '-1s',
    '1.5h',
    '10 s',
    '1h30m',
    '10S',
    '10y',
    '9999999999999999d',
    'Infinityms',
  ])('%j is none, and the message shows what one looks like', (text) => {
    const problems = ['expected a duration such as 500ms, 10s, 15m, 36h or 90d'];
    expect(parseDuration(text)).toEqual({ ok: false, problems });
  });
});
