import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countChanges, diff, planOf, planOfAll, type StoredCode } from '../../../src/domain/diff.ts';
import type { ResultCode } from '../../../src/domain/result-code.ts';
import { entry, snapshotOf } from './pages.ts';

const active = (obsCode: string, obsCodeDesc: string | null = `Text of ${obsCode}.`): StoredCode => ({
  obsCode,
  obsCodeDesc,
  removed: false,
});
const removed = (obsCode: string, obsCodeDesc: string | null = `Text of ${obsCode}.`): StoredCode => ({
  ...active(obsCode, obsCodeDesc),
  removed: true,
});
const compare = (stored: readonly StoredCode[], list: readonly ResultCode[]) =>
  diff(stored, snapshotOf(list));

describe('what a comparison finds', () => {
  test.each([
    ['nothing where all is the same', [active('1')], [entry('1')], []],
    ['nothing where a removed code stays away', [removed('1')], [], []],
    ['an added code', [], [entry('1', 'a')], [{ kind: 'added', obsCode: '1', before: null, after: 'a' }]],
    [
      'a changed description',
      [active('1', 'a')],
      [entry('1', 'b')],
      [{ kind: 'changed', obsCode: '1', before: 'a', after: 'b' }],
    ],
    [
      'a description that became null',
      [active('1', '')],
      [entry('1', null)],
      [{ kind: 'changed', obsCode: '1', before: '', after: null }],
    ],
    ['a removed code', [active('1', 'a')], [], [{ kind: 'removed', obsCode: '1', before: 'a', after: null }]],
    [
      'a code that is back with its old text',
      [removed('1', 'a')],
      [entry('1', 'a')],
      [{ kind: 'returned', obsCode: '1', before: 'a', after: 'a' }],
    ],
    [
      'a code that is back with a new text',
      [removed('1', 'a')],
      [entry('1', 'b')],
      [{ kind: 'returned', obsCode: '1', before: 'a', after: 'b' }],
    ],
    [
      'an added code without a description',
      [],
      [entry('1', null)],
      [{ kind: 'added', obsCode: '1', before: null, after: null }],
    ],
    [
      'codes that differ in a leading zero as two codes',
      [active('605', 'a')],
      [entry('00605', 'a')],
      [
        { kind: 'added', obsCode: '00605', before: null, after: 'a' },
        { kind: 'removed', obsCode: '605', before: 'a', after: null },
      ],
    ],
  ])('%s', (_, stored, list, changes) => {
    expect(compare(stored, list).changes).toEqual(changes);
  });

  test('active codes before are counted without the removed ones', () => {
    expect(compare([active('1'), removed('2'), active('3')], []).activeBefore).toBe(2);
  });

  test('counts of each kind', () => {
    const stored = [active('1'), active('2'), active('3', 'old'), removed('4')];
    const { changes } = compare(stored, [entry('3'), entry('4'), entry('5')]);
    expect(countChanges(changes)).toEqual({ added: 1, changed: 1, removed: 2, returned: 1 });
  });
});

const codes = fc.uniqueArray<StoredCode, string>(
  fc.record({
    obsCode: fc.constantFrom('1', '01', '2', '3', 'A', 'a', 'ä', '😀', '交'),
    obsCodeDesc: fc.option(fc.constantFrom('', 'a', 'b')),
    removed: fc.boolean(),
  }),
  { selector: ({ obsCode }) => obsCode },
);
const listOf = (rows: readonly StoredCode[]) =>
  rows.map(({ obsCode, obsCodeDesc }) => entry(obsCode, obsCodeDesc));
const shuffled = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });

test('the order of neither side matters, to the difference or to its plan', () => {
  const twice = codes.chain((stored) =>
    codes.chain((listed) =>
      fc.tuple(fc.constant(stored), fc.constant(listed), shuffled(stored), shuffled(listed)),
    ),
  );
  fc.assert(
    fc.property(twice, ([stored, listed, storedAgain, listedAgain]) => {
      const one = compare(stored, listOf(listed));
      const other = compare(storedAgain, listOf(listedAgain));
      expect(other).toEqual(one);
      expect(planOf('prod', other)).toBe(planOf('prod', one));
    }),
  );
});

test('applying a difference leaves nothing to apply', () => {
  fc.assert(
    fc.property(codes, codes, (stored, listed) => {
      const after = new Map(stored.map((row) => [row.obsCode, row]));
      for (const { kind, obsCode, after: text } of compare(stored, listOf(listed)).changes) {
        const before = after.get(obsCode);
        if (kind === 'removed' && before) after.set(obsCode, { ...before, removed: true });
        else after.set(obsCode, active(obsCode, text));
      }
      expect(compare([...after.values()], listOf(listed)).changes).toEqual([]);
    }),
  );
});

describe('a plan', () => {
  const difference = (list: readonly ResultCode[]) => compare([active('1', 'a'), active('2', 'b')], list);
  const plan = planOf('prod', difference([entry('1', 'a')]));

  test('is 16 hex digits, the same one for ever', () => {
    expect(plan).toBe('d14f3531c8769f48');
  });

  test('knows nothing of the VDN or of what did not change', () => {
    expect(planOf('prod', compare([active('2', 'b'), active('7'), removed('8')], [entry('7')]))).toBe(plan);
  });

  test.each([
    ['another source', planOf('test', difference([entry('1', 'a')]))],
    ['another code', planOf('prod', difference([entry('2', 'b')]))],
    ['another kind', planOf('prod', difference([entry('1', 'a'), entry('2', null)]))],
    ['one change more', planOf('prod', difference([entry('1', 'c')]))],
    ['another text before', planOf('prod', compare([active('2', 'c')], []))],
  ])('differs for %s', (_, other) => {
    expect(other).toMatch(/^[0-9a-f]{16}$/);
    expect(other).not.toBe(plan);
  });

  test('differs where another text comes after, or none instead of an empty one', () => {
    const plans = ['x', '', null].map((text) =>
      planOf('prod', difference([entry('1', text), entry('2', 'b')])),
    );
    expect(new Set(plans).size).toBe(3);
  });
});

describe('the plan of all that a source has held', () => {
  const held = [
    { vdnId: 2, plan: 'aaaa' },
    { vdnId: 10, plan: 'bbbb' },
  ];

  test('is 16 hex digits, the same in any order', () => {
    expect(planOfAll('prod', held)).toMatch(/^[0-9a-f]{16}$/);
    expect(planOfAll('prod', held.toReversed())).toBe(planOfAll('prod', held));
  });

  test.each([
    ['another source', 'dev', held],
    ['a VDN less', 'prod', held.slice(1)],
    ['a VDN more', 'prod', [...held, { vdnId: 3, plan: 'aaaa' }]],
    ['another VDN', 'prod', [{ vdnId: 3, plan: 'aaaa' }, ...held.slice(1)]],
    ['another plan', 'prod', [{ vdnId: 2, plan: 'cccc' }, ...held.slice(1)]],
  ])('differs for %s', (_, source, others) => {
    expect(planOfAll(source, others)).not.toBe(planOfAll('prod', held));
  });
});
