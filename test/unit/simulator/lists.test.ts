import { describe, expect, test } from 'vitest';
import { Lists, vdnList } from '../../../src/simulator/lists.ts';

const vendorSample = [
  { obsCode: '00605', obsCodeDesc: 'The switch is busy.' },
  { obsCode: '00604', obsCodeDesc: 'The call is rejected.' },
  { obsCode: '00603', obsCodeDesc: 'The called party does not answer the call.' },
  { obsCode: '00602', obsCodeDesc: 'No resource available on the ACD.' },
  { obsCode: '00606', obsCodeDesc: 'The ACD times out.' },
];

describe('the generated list', () => {
  test.each([1, 25, 9999])('of VDN %i begins with the sample of the interface document', (vdnId) => {
    expect(vdnList(new Lists(120), vdnId).list('en_US').slice(0, 5)).toEqual(vendorSample);
  });

  test('is the same every time', () => {
    expect(vdnList(new Lists(120), 25).codes()).toEqual(vdnList(new Lists(120), 25).codes());
  });

  test('of 5,000 codes has five digits each, no code twice, no description twice, and is not sorted', () => {
    const list = vdnList(new Lists(5_000), 9_999).list('en_US');
    const codes = list.map(({ obsCode }) => obsCode);
    expect(codes.filter((code) => !/^\d{5}$/.test(code))).toEqual([]);
    expect(new Set(codes).size).toBe(5_000);
    expect(new Set(list.map(({ obsCodeDesc }) => obsCodeDesc)).size).toBe(5_000);
    expect(codes).not.toEqual(codes.toSorted());
  });

  test('keeps its codes when more are requested', () => {
    const codes = (count: number) =>
      vdnList(new Lists(count), 3)
        .codes()
        .map(({ obsCode }) => obsCode);
    expect(codes(500).slice(0, 120)).toEqual(codes(120));
  });

  test('differs between VDNs in a few descriptions and in no code', () => {
    const lists = new Lists(1_000);
    const one = vdnList(lists, 1).list('en_US');
    const other = vdnList(lists, 2).list('en_US');
    expect(one.map(({ obsCode }) => obsCode)).toEqual(other.map(({ obsCode }) => obsCode));
    const differing = one.filter(({ obsCodeDesc }, index) => obsCodeDesc !== other[index]?.obsCodeDesc);
    expect(differing.length).toBeGreaterThan(10);
    expect(differing.length).toBeLessThan(100);
  });

  test('has another text in each locale', () => {
    const list = vdnList(new Lists(120), 25);
    const english = list.list('en_US');
    const same = list
      .list('zh_CN')
      .filter(({ obsCodeDesc }, index) => obsCodeDesc === english[index]?.obsCodeDesc);
    expect(same).toEqual([]);
  });

  test.each(['zh_CN', 'en_US'] as const)('goes over the wire in %s as it is shown', (locale) => {
    const lists = new Lists(120);
    lists.rewrite({ share: 0.3 });
    const rows: unknown = JSON.parse(`[${lists.rowsJson(7, locale, 0, 1_000)}]`);
    expect(rows).toEqual(vdnList(lists, 7).list(locale));
  });

  test('may differ in length from VDN to VDN', () => {
    const lists = new Lists((vdnId) => vdnId % 3);
    expect([3, 4, 5].map((vdnId) => lists.count(vdnId))).toEqual([0, 1, 2]);
  });

  test.each([-1, 1.5, 200_000])('cannot have %f codes', (count) => {
    expect(() => new Lists(count).count(1)).toThrow(RangeError);
  });
});

describe('edits', () => {
  const original = () => vdnList(new Lists(10), 1);
  const codesOf = (list: ReturnType<typeof original>) => list.codes().map(({ obsCode }) => obsCode);

  test('a text given once holds for both locales', () => {
    const list = original();
    list.change('00605', 'Busy.');
    list.add('00999', null);
    expect(list.list('zh_CN')[0]).toEqual({ obsCode: '00605', obsCodeDesc: 'Busy.' });
    expect(list.list('en_US')[0]).toEqual({ obsCode: '00605', obsCodeDesc: 'Busy.' });
    expect(list.list('en_US').at(-1)).toEqual({ obsCode: '00999', obsCodeDesc: null });
  });

  test('a text can be given for each locale', () => {
    const list = original();
    list.add('00999', { zh_CN: '新。', en_US: 'New.' }, 0);
    expect([list.list('zh_CN')[0]?.obsCodeDesc, list.list('en_US')[0]?.obsCodeDesc]).toEqual([
      '新。',
      'New.',
    ]);
  });

  test('a code is removed, and the list reordered', () => {
    const list = original();
    const before = codesOf(list);
    list.remove('00604');
    const left = before.filter((code) => code !== '00604');
    expect(codesOf(list)).toEqual(left);
    list.reorder();
    expect(codesOf(list)).not.toEqual(left);
    expect(codesOf(list).toSorted()).toEqual(left.toSorted());
  });

  test('a code that is not there cannot be edited, and there is no VDN 0', () => {
    expect(() => original().remove('x')).toThrow('VDN 1 has no code x');
    expect(() => original().change('x', '')).toThrow(RangeError);
    expect(() => vdnList(new Lists(10), 0)).toThrow(RangeError);
    expect(() => vdnList(new Lists(10), 10_000)).toThrow(RangeError);
  });

  test('concern one VDN and can be taken back', () => {
    const lists = new Lists(10);
    const other = vdnList(lists, 2).codes();
    const before = vdnList(lists, 1).codes();
    vdnList(lists, 1).replace([]);
    expect(lists.count(1)).toBe(0);
    expect(vdnList(lists, 2).codes()).toEqual(other);
    vdnList(lists, 1).reset();
    expect(vdnList(lists, 1).codes()).toEqual(before);
  });
});

describe('a rewrite of many lists', () => {
  const differing = (lists: Lists, vdnId: number, before: readonly unknown[]) =>
    vdnList(lists, vdnId)
      .list('en_US')
      .filter((row, index) => JSON.stringify(row) !== JSON.stringify(before[index])).length;

  test('changes as many descriptions as it says, each time others or again', () => {
    const lists = new Lists(120);
    vdnList(lists, 2).reorder();
    const vdns = [1, 2, 3, 4, 5];
    for (const share of [0.1, 1, 0.1]) {
      const before = vdns.map((vdnId) => vdnList(lists, vdnId).list('en_US'));
      const changed = lists.rewrite({ share, firstVdn: 1, lastVdn: 4 });
      const counted = vdns.map((vdnId, index) => differing(lists, vdnId, before[index] ?? []));
      expect(counted.reduce((sum, count) => sum + count, 0)).toBe(changed);
      expect(counted[4]).toBe(0);
      expect(changed / 480).toBeGreaterThan(share / 2);
      expect(changed / 480).toBeLessThanOrEqual(Math.min(1, share * 2));
    }
  });

  test('is the same in every simulator', () => {
    const [one, other] = [new Lists(120), new Lists(120)];
    one.rewrite({ share: 0.05 });
    other.rewrite({ share: 0.05 });
    expect(vdnList(one, 77).codes()).toEqual(vdnList(other, 77).codes());
  });

  test.each([-0.1, 1.1, Number.NaN])('of a share of %f is refused', (share) => {
    expect(() => new Lists(1).rewrite({ share })).toThrow(RangeError);
  });
});
