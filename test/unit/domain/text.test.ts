import { expect, test } from 'vitest';
import { vdnRanges } from '../../../src/domain/text.ts';

test.each([
  [[7], '7'],
  [[3, 1, 2, 9], '1-3, 9'],
  [[1, 3, 5, 7, 9], '1, 3, 5, 7, 9'],
  [[1, 3, 5, 7, 9, 11, 20, 21], '1, 3, 5, 7, 9 and 3 more'],
  [[], ''],
])('%j reads as %j', (vdnIds, text) => {
  expect(vdnRanges(vdnIds)).toBe(text);
});
