import { expect, test } from 'vitest';
import { countOf } from '../../../src/domain/text.ts';
import { age, clipped, limit, moment, shortCount } from '../../../src/page/words.ts';

const minute = 60_000;
const hour = 60 * minute;

test.each([
  [0, '1 s'],
  [59_999, '59 s'],
  [90_000, '1 min'],
  [59 * minute, '59 min'],
  [9 * hour + 59 * minute, '9 h'],
  [26 * hour, '1 d 2 h'],
  [80 * hour, '3 d'],
])('%i ms ago reads as %s', (ms, text) => {
  expect(age(ms)).toBe(text);
});

test.each([
  [36 * hour, '36 h'],
  [24 * hour, '24 h'],
  [90 * minute, '1 h 30 min'],
  [240 * hour, '10 d'],
])('a limit of %i ms reads as %s', (ms, text) => {
  expect(limit(ms)).toBe(text);
});

test.each([
  ['UTC', '2026-11-23 02:15 UTC'],
  ['Asia/Shanghai', '2026-11-23 10:15 (02:15 UTC)'],
  ['America/New_York', '2026-11-22 21:15 (2026-11-23 02:15 UTC)'],
  ['Europe/London', '2026-11-23 02:15 UTC'],
])('an instant by the clocks of %s reads as %s', (timezone, text) => {
  expect(moment(new Date('2026-11-23T02:15:40Z'), timezone)).toBe(text);
});

test('numbers have their thousands apart, or are short', () => {
  expect([countOf(1, 'VDN'), countOf(9999, 'VDN'), countOf(0, 'VDN')]).toEqual([
    '1 VDN',
    '9,999 VDNs',
    '0 VDNs',
  ]);
  expect([shortCount(7), shortCount(1_199_880)]).toEqual(['7', '1.2M']);
});

test('a text that is too long is cut between characters, never within one', () => {
  expect(clipped('abc', 3)).toBe('abc');
  expect(clipped('abcd', 3)).toBe('abc…');
  expect(clipped('😀😀😀', 2)).toBe('😀😀…');
  expect(clipped('😀'.repeat(1000), 3).isWellFormed()).toBe(true);
});
