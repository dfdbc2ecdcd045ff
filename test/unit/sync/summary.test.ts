import { describe, expect, test } from 'vitest';
import { FatalError, Interruption } from '../../../src/errors.ts';
import { noCodes, RunCounters, type VdnResult } from '../../../src/sync/summary.ts';

type Outcome = VdnResult['outcome'];

let nextVdn = 1;
function result(outcome: Outcome, rest: Partial<VdnResult> = {}): VdnResult {
  return { source: 's', vdnId: nextVdn++, outcome, codes: noCodes, requests: 1, durationMs: 1, ...rest };
}

const asked = { shard: null, dryRun: false };

function begun(vdnsTotal = 0): RunCounters {
  const counters = new RunCounters(asked);
  counters.begin({ runId: 7, vdnsTotal, unconfigured: 2 });
  return counters;
}

function countersOf(...outcomes: readonly Outcome[]): RunCounters {
  const counters = begun(outcomes.length);
  for (const outcome of outcomes) counters.add(result(outcome));
  return counters;
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
    [['failed', 'fresh'], 3, 'partial'],
    [['failed', 'failed', 'changed', 'held', 'skipped'], 3, 'partial'],
  ])('%j: exit %i, %s', (outcomes, exitCode, status) => {
    expect(countersOf(...outcomes).summary(undefined)).toMatchObject({ exitCode, status, error: null });
  });

  test.each([
    [new Interruption(143, 'stopped.'), 143, 'interrupted', 'interrupted'],
    [new Interruption(130, 'stopped.'), 130, 'interrupted', 'interrupted'],
    [new FatalError('database-unreachable', 'away.'), 6, 'failed', 'database-unreachable'],
    [new FatalError('locked', 'taken.'), 75, 'failed', 'locked'],
  ])('%o goes before what became of the VDNs', (stopped, exitCode, status, code) => {
    const { message } = stopped;
    for (const counters of [countersOf('failed'), countersOf('held', 'failed', 'skipped'), countersOf()]) {
      expect(counters.summary(stopped)).toMatchObject({ exitCode, status, error: { code, message } });
    }
  });
});

test('VDNs are counted by outcome, and the counts add up', () => {
  const { total, ...counts } = countersOf(
    'changed',
    'changed',
    'failed',
    'held',
    'skipped',
    'fresh',
    'unchanged',
  ).summary(undefined).vdns;
  expect(counts).toEqual({
    ...{ unchanged: 1, changed: 2, failed: 1, held: 1, skipped: 1, fresh: 1 },
    unconfigured: 2,
  });
  expect(total).toBe(7);
});

test('codes are counted over all VDNs', () => {
  const counters = begun();
  counters.add(result('changed', { codes: { added: 1, changed: 2, removed: 3, returned: 4 } }));
  counters.add(result('changed', { codes: { added: 10, changed: 0, removed: 0, returned: 1 } }));
  expect(counters.summary(undefined).codes).toEqual({ added: 11, changed: 2, removed: 3, returned: 5 });
});

test('outcomes are listed by source and VDN, without the unchanged and the fresh', () => {
  const counters = begun();
  for (const [source, vdnId, outcome] of [
    ['b', 10, 'changed'],
    ['b', 9, 'failed'],
    ['a', 100, 'held'],
    ['a', 2, 'skipped'],
    ['a', 1, 'unchanged'],
    ['a', 3, 'fresh'],
  ] as const) {
    counters.add(result(outcome, { source, vdnId }));
  }
  expect(counters.summary(undefined).outcomes.map(({ source, vdnId }) => [source, vdnId])).toEqual([
    ['a', 2],
    ['a', 100],
    ['b', 9],
    ['b', 10],
  ]);
  expect(
    counters
      .summary(undefined)
      .outcomes.filter(({ codes }) => codes !== undefined)
      .map(({ outcome }) => outcome),
  ).toEqual(['changed']);
});

test('VDNs that are not done when a run is stopped count as skipped', () => {
  const counters = begun(5);
  counters.add(result('changed'));
  counters.add(result('failed'));
  expect(counters.summary(new Interruption(143, 'stopped.')).vdns).toMatchObject({
    ...{ total: 5, changed: 1, failed: 1, skipped: 3 },
  });
});

test('an approval that matched nothing is exit code 4, unless another code applies', () => {
  const counters = countersOf('changed');
  counters.unusedApprovals = 1;
  expect(counters.summary(undefined)).toMatchObject({ exitCode: 4, status: 'partial' });
  counters.add(result('failed'));
  expect(counters.summary(undefined)).toMatchObject({ exitCode: 3, status: 'partial' });
});

test('a run that has not begun is refused, and has the shape of every other', () => {
  const counters = new RunCounters({ shard: '1/2', dryRun: true });
  expect(counters.summary(new FatalError('database-unusable', 'behind.'))).toMatchObject({
    ...{ runId: null, status: 'refused', exitCode: 7, dryRun: true, shard: '1/2', requests: 0, outcomes: [] },
    error: { code: 'database-unusable', message: 'behind.' },
    vdns: { total: 0 },
  });
});
