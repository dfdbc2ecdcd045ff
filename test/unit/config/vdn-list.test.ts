import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandVdns, parseVdnList } from '../../../src/config/vdn-list.ts';

describe('a VDN list on the command line', () => {
  test.each([
    ['25', [25]],
    ['1,25,100-103', [1, 25, 100, 101, 102, 103]],
    [' 9999 , 1 , 4 - 5 ', [1, 4, 5, 9999]],
    ['7-7', [7]],
    ['007', [7]],
  ])('%j is sorted and expanded', (text, value) => {
    expect(parseVdnList(text)).toEqual({ ok: true, value });
  });

  const form = 'expected a VDN from 1 to 9999 or a range such as 100-120';
  const outside = `outside 1 to 9999; ${form}`;
  test.each([
    ['', ['the list is empty; expected at least a VDN from 1 to 9999 or a range such as 100-120']],
    ['0', [`"0": ${outside}`]],
    ['10000', [`"10000": ${outside}`]],
    ['9990-10001', [`"9990-10001": ${outside}`]],
    ['0-3', [`"0-3": ${outside}`]],
    ['120-100', ['"120-100": the range runs backwards; write the smaller VDN first']],
    ['1.5', [`"1.5": ${form}`]],
    ['-5', [`"-5": ${form}`]],
    ['1,,2', [`"": ${form}`]],
    ['1-2-3', [`"1-2-3": ${form}`]],
    ['five', [`"five": ${form}`]],
    ['5,5', ['"5": VDN 5 is listed already by the entry "5"']],
    ['100-120,105', ['"105": VDN 105 is listed already by the entry "100-120"']],
    ['100-120,110-130', ['"110-130": VDNs 110 to 120 are listed already by the entry "100-120"']],
    ['0,x,3,3', [`"0": ${outside}`, `"x": ${form}`, '"3": VDN 3 is listed already by the entry "3"']],
  ])('%j is refused, with everything that is wrong', (text, problems) => {
    expect(parseVdnList(text)).toEqual({ ok: false, problems });
  });
});

const vdn = fc.integer({ min: 1, max: 9999 });

/** Cuts a sorted list without repetitions into single VDNs and ranges. */
function asEntries(sorted: readonly number[], numbers: boolean): (number | string)[] {
  const runs: number[][] = [];
  for (const number of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map(
    (run) => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : numbers ? run[0] : `${run[0]}`) ?? '',
  );
}

describe('for any set of VDNs', () => {
  test('what is written as ranges, in any order, comes back as the set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(vdn, { minLength: 1 }), fc.boolean(), fc.nat(), (set, numbers, turn) => {
        const sorted = set.toSorted((a, b) => a - b);
        const entries = asEntries(sorted, numbers);
        const cut = turn % entries.length;
        const turned = [...entries.slice(cut), ...entries.slice(0, cut)];
        expect(expandVdns(turned)).toEqual({ vdns: sorted, problems: [] });
        expect(parseVdnList(turned.join(','))).toEqual({ ok: true, value: sorted });
      }),
    );
  });

  test('one that is listed twice is found, wherever it hides', () => {
    fc.assert(
      fc.property(vdn, vdn, vdn, (a, b, c) => {
        const [first = 0, inside = 0, last = 0] = [a, b, c].toSorted((x, y) => x - y);
        const problems = (text: string) => {
          const parsed = parseVdnList(text);
          return parsed.ok ? [] : parsed.problems;
        };
        expect(problems(`${first}-${last},${inside}`)).toHaveLength(1);
        expect(problems(`${inside},${first}-${last}`)).toHaveLength(1);
      }),
    );
  });
});
