import { describe, expect, test } from 'vitest';
import type { Change, ChangeKind, Difference } from '../../../src/domain/diff.ts';
import { sourceSuspicion, suspicion } from '../../../src/domain/guard.ts';

const limits = { removedShare: 0.2, rewrittenShare: 0.5, atLeast: 3 };

function difference(activeBefore: number, counts: Partial<Record<ChangeKind, number>>): Difference {
  const changes = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => ({ kind, obsCode: `${kind} ${index}` })),
  );
  return {
    activeBefore,
    changes: changes.map((change) => ({ before: 'a', after: 'b', ...change }) as Change),
  };
}

const reason = (activeBefore: number, counts: Partial<Record<ChangeKind, number>>) =>
  suspicion(difference(activeBefore, counts), limits);

describe('held', () => {
  test.each<[string, number, Partial<Record<ChangeKind, number>>, RegExp]>([
    ['more than the share removed', 100, { removed: 21 }, /21 of 100 codes would be removed/],
    ['more than the share removed, with as many added', 100, { removed: 21, added: 21 }, /21 of 100/],
    ['the fewest codes that count', 10, { removed: 3 }, /3 of 10 codes/],
    ['more than the share rewritten', 100, { changed: 51 }, /51 of 100 descriptions would change/],
    ['rewritten of those that stay', 100, { removed: 20, changed: 41 }, /41 of 80 descriptions/],
    ['an empty list, however short it was', 1, { removed: 1 }, /the list is empty where 1 codes are active/],
    ['an empty list of two codes', 2, { removed: 2 }, /empty where 2/],
    ['everything removed and other codes in their place', 5, { removed: 5, added: 5 }, /5 of 5 codes/],
  ])('%s', (_, activeBefore, counts, message) => {
    expect(reason(activeBefore, counts)).toMatch(message);
  });
});

describe('let pass', () => {
  test.each<[string, number, Partial<Record<ChangeKind, number>>]>([
    ['exactly the share removed', 100, { removed: 20 }],
    ['a large share of too few codes', 4, { removed: 2 }],
    ['exactly the share rewritten', 100, { changed: 50 }],
    ['a large share of too few descriptions', 3, { changed: 2 }],
    ['any number of added codes', 1, { added: 1000 }],
    ['any number of codes that return', 1, { returned: 1000 }],
    ['an empty list where none was active', 0, {}],
    ['the few codes of a short list in exchange for others', 2, { removed: 2, added: 1 }],
    ['the few codes of a short list in exchange for old ones', 2, { removed: 2, returned: 1 }],
    ['no change', 100, {}],
  ])('%s', (_, activeBefore, counts) => {
    expect(reason(activeBefore, counts)).toBeUndefined();
  });
});

test('limits can be opened and closed', () => {
  const open = { removedShare: 1, rewrittenShare: 1, atLeast: 1 };
  expect(suspicion(difference(10, { removed: 10, added: 1 }), open)).toBeUndefined();
  expect(suspicion(difference(10, { removed: 10 }), open)).toMatch(/empty/);
  const closed = { removedShare: 0, rewrittenShare: 0, atLeast: 1 };
  expect(suspicion(difference(10, { removed: 1 }), closed)).toMatch(/1 of 10/);
  expect(suspicion(difference(10, { changed: 1 }), closed)).toMatch(/1 of 10/);
});

test.each<[number, number, string]>([
  [0.2, 1, '20 %'],
  [0.07, 1, '7 %'],
  [0.29, 1, '29 %'],
  [0.005, 1, '0.5 %'],
  [0, 1, '0 %'],
])('the reason has the limit %f as a percentage', (removedShare, atLeast, percentage) => {
  const text = suspicion(difference(120, { removed: 80 }), { ...limits, removedShare, atLeast });
  expect(text).toBe(`80 of 120 codes would be removed, more than the limit of ${percentage}`);
});

test('where no code is active no list is suspicious', () => {
  expect(reason(0, { added: 1000, returned: 500 })).toBeUndefined();
  expect(
    suspicion(difference(0, { added: 1 }), { removedShare: 0, rewrittenShare: 0, atLeast: 1 }),
  ).toBeUndefined();
});

describe('a source', () => {
  const ofSource = { removedShare: 0.05, atLeast: 50 };

  test('is suspicious where many VDNs lose a little, and says how much it is in all', () => {
    expect(sourceSuspicion({ vdns: 200, removed: 400, active: 4000 }, ofSource)).toBe(
      '400 of 4000 codes would be removed from 200 VDNs, more than the limit of 5 %',
    );
  });

  test.each([
    ['one VDN alone', { vdns: 1, removed: 400, active: 4000 }],
    ['exactly the share', { vdns: 100, removed: 200, active: 4000 }],
    ['few codes', { vdns: 49, removed: 49, active: 100 }],
    ['nothing', { vdns: 0, removed: 0, active: 0 }],
  ])('is not for %s', (_, losses) => {
    expect(sourceSuspicion(losses, ofSource)).toBeUndefined();
  });
});
