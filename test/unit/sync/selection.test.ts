import { expect, test } from 'vitest';
import { FatalError } from '../../../src/errors.ts';
import { type SelectionOptions, select, vdnsSelected } from '../../../src/sync/run-settings.ts';
import { sourceOf } from '../../support/source.ts';

const source = (name: string, vdns: number[], baseUrl = `https://${name}.example.com`) =>
  sourceOf(baseUrl, vdns, { name });

const sources = [source('north', [1, 2, 3]), source('south', [3, 4])];
const chosen = (options: SelectionOptions) =>
  select(sources, options).map(({ source, vdnIds }) => [source.name, vdnIds]);

test.each<[SelectionOptions, unknown]>([
  [
    {},
    [
      ['north', [1, 2, 3]],
      ['south', [3, 4]],
    ],
  ],
  [{ source: 'south' }, [['south', [3, 4]]]],
  [
    { vdns: [3] },
    [
      ['north', [3]],
      ['south', [3]],
    ],
  ],
  [
    { vdns: [2, 4] },
    [
      ['north', [2]],
      ['south', [4]],
    ],
  ],
  [{ vdns: [1] }, [['north', [1]]]],
  [{ source: 'south', vdns: [3] }, [['south', [3]]]],
])('%j selects %j', (options, expected) => {
  expect(chosen(options)).toEqual(expected);
});

test.each<[SelectionOptions, RegExp]>([
  [{ source: 'nort' }, /no source nort in the configuration; it has north, south/],
  [{ vdns: [1, 5, 6] }, /VDN 5, 6 is not configured for north, south/],
  [{ source: 'south', vdns: [1] }, /VDN 1 is not configured for south/],
])('%j is refused as a mistake in usage', (options, message) => {
  const refusal = expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) });
  expect(() => chosen(options)).toThrow(FatalError);
  expect(() => chosen(options)).toThrow(refusal);
});

test('VDNs are counted over all sources', () => {
  expect(vdnsSelected(select(sources, {}))).toBe(5);
  expect(vdnsSelected([])).toBe(0);
});

test('a server’s smallest limits hold also for a source that is run alone', () => {
  const shared = [
    { ...source('one', [1], 'https://same.example.com:1'), requestsPerSecond: 7 },
    { ...source('two', [1], 'https://same.example.com:1'), concurrency: 2, requestsPerSecond: 3 },
    source('three', [1], 'https://same.example.com:2'),
  ];
  const limits = select(shared, {}).map(({ source }) => [source.concurrency, source.requestsPerSecond]);
  expect(limits).toEqual([
    [2, 3],
    [2, 3],
    [4, undefined],
  ]);
  expect(select(shared, { source: 'one' })[0]?.source).toMatchObject({
    concurrency: 2,
    requestsPerSecond: 3,
  });
});

test('shards together have every source once', () => {
  const many = Array.from({ length: 40 }, (_, index) => source(`s${index}`, [1]));
  const shares = [1, 2, 3].map((index) => select(many, { shard: { index, count: 3 } }));
  expect(
    shares
      .flat()
      .map(({ source }) => source.name)
      .sort(),
  ).toEqual(many.map(({ name }) => name).sort());
  for (const share of shares) expect(share.length).toBeGreaterThan(0);
});
