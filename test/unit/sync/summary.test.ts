import { describe, expect, test } from 'vitest';
import { FatalError, Interruption } from '../../../src/errors.ts';
import { conclude, noCodes, refusedSummary, Tally, type VdnResult } from '../../../src/sync/summary.ts';

type Outcome = VdnResult['outcome'];

let nextVdn = 1;
function result(outcome: Outcome, rest: Partial<VdnResult> = {}): VdnResult {
  return { source: 's', vdnId: nextVdn++, outcome, codes: noCodes, requests: 1, durationMs: 1, ...rest };
}

function tallyOf(...outcomes: readonly Outcome[]): Tally {
  const tally = new Tally();
  for (const outcome of outcomes) tally.add(result(outcome));
  return tally;
}

describe('how a run ends', () => {
  test.each<[Outcome[], number, string]>([
    [[], 0, 'succeeded'],
    [['unchanged', 'changed', 'fresh'], 0, 'succeeded'],
    [['unchanged', 'held'], 4, 'partial'],
    [['held'], 4, 'partial'],
    [['unchanged', 'failed'], 3, 'partial'],
    [['held', 'failed'], 3, 'partial'],
    [['changed', 'skipped'], 3, 'partial'],
    [['failed'], 5, 'failed'],
    [['failed', 'skipped', 'skipped'], 5, 'failed'],
    [['failed', 'fresh'], 5, 'failed'],
    [['failed', 'failed', 'changed', 'held', 'skipped'], 3, 'partial'],
  ])('%j: exit %i, %s', (outcomes, exitCode, status) => {
    expect(conclude(tallyOf(...outcomes), undefined)).toMatchObject({ exitCode, status, error: null });
  });

  test.each([
    [new Interruption(143, 'stopped.'), 143, 'interrupted', 'interrupted'],
    [new Interruption(130, 'stopped.'), 130, 'interrupted', 'interrupted'],
    [new FatalError('database-unreachable', 'away.'), 6, 'failed', 'database-unreachable'],
    [new FatalError('locked', 'taken.'), 75, 'failed', 'locked'],
  ])('%o goes before what became of the VDNs', (stopped, exitCode, status, code) => {
    const { message } = stopped;
    for (const tally of [tallyOf('failed'), tallyOf('held', 'failed', 'skipped'), tallyOf()]) {
      expect(conclude(tally, stopped)).toMatchObject({ exitCode, status, error: { code, message } });
    }
  });
});

test('VDNs are counted by outcome, and the counts add up', () => {
  const { total, ...counts } = tallyOf(
    'changed',
    'changed',
    'failed',
    'held',
    'skipped',
    'fresh',
    'unchanged',
  ).vdns;
  expect(counts).toEqual({ unchanged: 1, changed: 2, failed: 1, held: 1, skipped: 1, fresh: 1 });
  expect(total).toBe(7);
});

test('codes are counted over all VDNs', () => {
  const tally = new Tally();
  tally.add(result('changed', { codes: { added: 1, changed: 2, removed: 3, returned: 4 } }));
  tally.add(result('changed', { codes: { added: 10, changed: 0, removed: 0, returned: 1 } }));
  expect(tally.codes).toEqual({ added: 11, changed: 2, removed: 3, returned: 5 });
});

test('outcomes are listed by source and VDN, without those of which there is nothing to tell', () => {
  const tally = new Tally();
  for (const [source, vdnId, outcome] of [
    ['b', 10, 'changed'],
    ['b', 9, 'failed'],
    ['a', 100, 'held'],
    ['a', 2, 'skipped'],
    ['a', 1, 'unchanged'],
    ['a', 3, 'fresh'],
  ] as const) {
    tally.add(result(outcome, { source, vdnId }));
  }
  expect(tally.outcomes.map(({ source, vdnId }) => [source, vdnId])).toEqual([
    ['a', 2],
    ['a', 100],
    ['b', 9],
    ['b', 10],
  ]);
  expect(tally.outcomes.filter(({ codes }) => codes !== undefined).map(({ outcome }) => outcome)).toEqual([
    'changed',
  ]);
});

test('a refused run has the shape of every other', () => {
  const summary = refusedSummary(new FatalError('database-unusable', 'behind.'), true);
  expect(summary).toMatchObject({
    ...{ runId: null, status: 'refused', exitCode: 7, dryRun: true, requests: 0, outcomes: [] },
    error: { code: 'database-unusable', message: 'behind.' },
    vdns: { total: 0 },
  });
});
