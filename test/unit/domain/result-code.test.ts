import { describe, expect, test } from 'vitest';
import { hasBlanksAround, parseResultCode } from '../../../src/domain/result-code.ts';

const parse = (row: unknown) => parseResultCode(row, 'page 2, row 7');

describe('stored exactly as sent', () => {
  test.each([
    ['leading zeros', '00605'],
    ['blanks around it', ' 605\t'],
    ['a code that is no number', 'A-1/ö'],
    ['an emoji, a whole surrogate pair', '😀'],
    ['255 characters', 'x'.repeat(255)],
    ['255 characters of two UTF-16 units each', '😀'.repeat(255)],
    ['control characters other than NUL', '6\u001b[31m\n'],
    ['the name of an inherited property', '__proto__'],
  ])('%s', (_, text) => {
    expect(parse({ obsCode: text, obsCodeDesc: text })).toEqual({ obsCode: text, obsCodeDesc: text });
  });

  test('an empty description, and a very long one', () => {
    expect(parse({ obsCode: '1', obsCodeDesc: '' }).obsCodeDesc).toBe('');
    expect(parse({ obsCode: '1', obsCodeDesc: 'x'.repeat(100_000) }).obsCodeDesc).toHaveLength(100_000);
  });

  test('a missing description is null, as null is', () => {
    expect(parse({ obsCode: '1' })).toEqual({ obsCode: '1', obsCodeDesc: null });
    expect(parse({ obsCode: '1', obsCodeDesc: null })).toEqual({ obsCode: '1', obsCodeDesc: null });
  });

  test('what else an entry holds is passed over', () => {
    expect(parse({ obsCode: '1', obsCodeDesc: 'a', id: 5 })).toEqual({ obsCode: '1', obsCodeDesc: 'a' });
  });
});

describe('refused as bad-row, naming the row', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 'text', /is a string, not an object/],
    ['null', null, /is null, not an object/],
    ['a list', [], /is a list, not an object/],
    ['no code', { obsCodeDesc: 'a' }, /has nothing as obsCode/],
    ['null as code', { obsCode: null }, /has null as obsCode/],
    ['an empty code', { obsCode: '' }, /has empty text as obsCode/],
    ['a number as code', { obsCode: 605 }, /has a number as obsCode/],
    ['an object as code', { obsCode: {} }, /has an object as obsCode/],
    ['a code of 256 characters', { obsCode: 'x'.repeat(256) }, /256 characters; at most 255/],
    ['256 characters of two units each', { obsCode: '😀'.repeat(256) }, /256 characters; at most 255/],
    ['NUL in the code', { obsCode: '6\0' }, /NUL character in its obsCode/],
    ['half a surrogate pair in the code', { obsCode: '\ud83d' }, /half a surrogate pair in its obsCode/],
    ['a number as description', { obsCode: '1', obsCodeDesc: 5 }, /has a number as obsCodeDesc/],
    ['a list as description', { obsCode: '1', obsCodeDesc: [] }, /has a list as obsCodeDesc/],
    ['a boolean as description', { obsCode: '1', obsCodeDesc: false }, /has a boolean as obsCodeDesc/],
    ['NUL in the description', { obsCode: '1', obsCodeDesc: 'a\0' }, /NUL .* obsCodeDesc of code "1"/],
    ['half a pair in the description', { obsCode: '1', obsCodeDesc: 'a\udc00' }, /obsCodeDesc of code "1"/],
  ])('%s', (_, row, problem) => {
    expect(() => parse(row)).toThrow(
      expect.objectContaining({ code: 'bad-row', message: expect.stringMatching(problem) }),
    );
    expect(() => parse(row)).toThrow(/^page 2, row 7 .* Have the entry corrected at the source\.$/);
  });
});

test('blanks around a code are seen, also those of other scripts', () => {
  for (const code of [' 1', '1 ', '1\t', '\u30001', '1\u00a0', '\u200b1'])
    expect(hasBlanksAround(code)).toBe(true);
  for (const code of ['1', '1 2']) expect(hasBlanksAround(code)).toBe(false);
});
