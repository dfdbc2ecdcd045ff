import { expect, test } from 'vitest';
import { harmless, quote } from '../../../src/domain/quote.ts';

test.each([
  ['a colour', 'a\u001b[31mb', 'a\\u{1b}[31mb'],
  ['a line break', 'a\r\nb', 'a\\u{d}\\u{a}b'],
  ['a one-byte control sequence introducer', 'a\u009b2J', 'a\\u{9b}2J'],
  ['text that runs the other way', 'a\u202eb', 'a\\u{202e}b'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['NUL', 'a\0b', 'a\\u{0}b'],
])('%s cannot reach a terminal', (_, text, shown) => {
  expect(harmless(text)).toBe(shown);
  expect(quote(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

test('other text stays as it is', () => {
  for (const text of ['', ' ', 'Die Leitung ist belegt.', '交换机忙。', '😀 "x"'])
    expect(harmless(text)).toBe(text);
});

test('a quotation has quotes around it, which the text cannot end', () => {
  expect(quote('say "hi"')).toBe('"say \\"hi\\""');
});

test('a quotation is at most 120 characters long', () => {
  expect(quote('x'.repeat(120))).toBe(`"${'x'.repeat(120)}"`);
  expect(quote('x'.repeat(121))).toBe(`"${'x'.repeat(120)}…"`);
});

test('a cut in the middle of a surrogate pair leaves no half of it', () => {
  expect(quote(`${'x'.repeat(119)}😀`).isWellFormed()).toBe(true);
});
