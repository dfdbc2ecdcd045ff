import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../../src/observe/metrics.ts';
import { version } from '../../../src/version.ts';
import { parsePrometheusText, seriesValue } from '../../support/prometheus-text.ts';

const families = async (metrics: Metrics) => parsePrometheusText(await metrics.render());
const value = async (metrics: Metrics, name: string, labels = {}) =>
  seriesValue(await families(metrics), `obs_code_sync_${name}`, labels);

const noCodes = { added: 0, changed: 0, removed: 0, returned: 0 };

test('names and units follow the conventions, and each metric says what it is', async () => {
  const own = [...(await families(createMetrics(['one']))).values()].filter(({ name }) =>
    name.startsWith('obs_code_sync_'),
  );
  expect(own.map(({ name, type }) => `${type} ${name.slice('obs_code_sync_'.length)}`).sort()).toEqual([
    'counter code_changes_total',
    'counter requests_total',
    'counter runs_total',
    'counter vdns_total',
    'gauge build_info',
    'gauge configured_vdns',
    'gauge database_up',
    'gauge failing_vdns',
    'gauge held_since_timestamp_seconds',
    'gauge held_vdns',
    'gauge last_success_timestamp_seconds',
    'gauge next_run_timestamp_seconds',
    'gauge oldest_verified_vdn_age_seconds',
    'gauge run_in_progress',
    'gauge stale_after_seconds',
    'gauge stale_vdns',
    'histogram request_duration_seconds',
    'histogram run_duration_seconds',
  ]);
  for (const { name, type, help, samples } of own) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(help, name).toMatch(/^\S.{10,}\.$/);
    expect(
      samples.filter((sample) => Number.isNaN(sample.value)),
      name,
    ).toEqual([]);
  }
});

test('the process itself is measured', async () => {
  const all = await families(createMetrics([]));
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    expect(seriesValue(all, name), name).toBeGreaterThan(0);
  }
  expect(all.has('nodejs_eventloop_lag_seconds')).toBe(true);
});

test('every counter is there as zero before anything has happened, so that its first step is seen', async () => {
  const metrics = createMetrics(['one']);
  expect(await value(metrics, 'runs_total', { status: 'failed' })).toBe(0);
  expect(await value(metrics, 'vdns_total', { source: 'one', outcome: 'held' })).toBe(0);
  expect(await value(metrics, 'code_changes_total', { source: 'one', kind: 'removed' })).toBe(0);
  expect(await value(metrics, 'requests_total', { source: 'one', result: 'ok' })).toBe(0);
  for (const result of ['unauthorized', 'timeout', 'incomplete-snapshot']) {
    expect(await value(metrics, 'requests_total', { source: 'one', result }), result).toBe(0);
  }
  expect(await value(metrics, 'request_duration_seconds_count', { source: 'one' })).toBe(0);
  expect(await value(metrics, 'build_info', { version })).toBe(1);
  expect(await value(metrics, 'run_in_progress')).toBe(0);
});

test('a run is counted as it goes on', async () => {
  const metrics = createMetrics(['one']);
  metrics.runBegins();
  expect(await value(metrics, 'run_in_progress')).toBe(1);
  metrics.started();
  metrics.attempted('one', { result: 'timeout', durationMs: 10_000 });
  metrics.attempted('one', { result: 'ok', durationMs: 40 });
  metrics.concluded({
    source: 'one',
    outcome: 'changed',
    codes: { added: 3, changed: 2, removed: 1, returned: 0 },
  });
  metrics.concluded({ source: 'one', outcome: 'failed', codes: noCodes });
  metrics.runEnds('partial', 61_000);
  metrics.nextRun(new Date('2026-11-24T02:15:00Z'));

  const all = await families(metrics);
  const of = (name: string, labels = {}) => seriesValue(all, `obs_code_sync_${name}`, labels);
  expect(of('run_in_progress')).toBe(0);
  expect(of('runs_total', { status: 'partial' })).toBe(1);
  expect(of('run_duration_seconds_sum')).toBe(61);
  expect(of('run_duration_seconds_bucket', { le: '60' })).toBe(0);
  expect(of('run_duration_seconds_bucket', { le: '300' })).toBe(1);
  expect(of('requests_total', { source: 'one', result: 'timeout' })).toBe(1);
  expect(of('request_duration_seconds_sum', { source: 'one' })).toBeCloseTo(10.04);
  expect(of('vdns_total', { source: 'one', outcome: 'changed' })).toBe(1);
  expect(of('vdns_total', { source: 'one', outcome: 'failed' })).toBe(1);
  expect(of('code_changes_total', { source: 'one', kind: 'added' })).toBe(3);
  expect(of('code_changes_total', { source: 'one', kind: 'removed' })).toBe(1);
  expect(of('next_run_timestamp_seconds')).toBe(Date.UTC(2026, 10, 24, 2, 15) / 1000);
});

test('the last values stay while the database is away, and ages keep growing', async () => {
  const metrics = createMetrics(['one', 'two']);
  expect(await value(metrics, 'database_up')).toBe(0);
  const one = { source: 'one', configured: 9, staleAfterSeconds: 3600, heldForSeconds: 50 };
  const two = { source: 'two', configured: 7, staleAfterSeconds: null, heldForSeconds: null };
  const none = { oldestAgeSeconds: null, newestAgeSeconds: null };
  metrics.sources.databaseAnswered([
    { ...one, oldestAgeSeconds: 100, newestAgeSeconds: 10, stale: 1, failing: 2, held: 3 },
    { ...two, ...none, stale: 7, failing: 0, held: 0 },
  ]);
  const age = () => value(metrics, 'oldest_verified_vdn_age_seconds', { source: 'one' });
  const before = (await age()) ?? 0;
  expect(before).toBeGreaterThanOrEqual(100);
  expect(await value(metrics, 'database_up')).toBe(1);

  metrics.sources.databaseAway();
  await pause(5);
  expect(await age()).toBeGreaterThan(before);
  expect(await value(metrics, 'database_up')).toBe(0);
  expect(await value(metrics, 'stale_vdns', { source: 'one' })).toBe(1);
  expect(await value(metrics, 'failing_vdns', { source: 'one' })).toBe(2);
  expect(await value(metrics, 'held_vdns', { source: 'one' })).toBe(3);
  const success = await value(metrics, 'last_success_timestamp_seconds', { source: 'one' });
  expect(Math.abs(Date.now() / 1000 - 10 - (success ?? 0))).toBeLessThan(5);
  expect(await value(metrics, 'stale_vdns', { source: 'two' })).toBe(7);
  expect(await value(metrics, 'oldest_verified_vdn_age_seconds', { source: 'two' })).toBeUndefined();
  expect(await value(metrics, 'last_success_timestamp_seconds', { source: 'two' })).toBeUndefined();
});

test('the limits of a source, and since when it holds a change, are shown as long as they hold', async () => {
  const metrics = createMetrics(['one']);
  const state = {
    ...{
      source: 'one',
      oldestAgeSeconds: null,
      newestAgeSeconds: null,
      configured: 9,
      staleAfterSeconds: 3600,
    },
    ...{ stale: 9, failing: 0, held: 1, heldForSeconds: 50 },
  };
  metrics.sources.databaseAnswered([state]);
  const of = (name: string) => value(metrics, name, { source: 'one' });
  expect(await of('configured_vdns')).toBe(9);
  expect(await of('stale_after_seconds')).toBe(3600);
  expect(Math.abs(Date.now() / 1000 - 50 - ((await of('held_since_timestamp_seconds')) ?? 0))).toBeLessThan(
    5,
  );
  metrics.sources.databaseAnswered([{ ...state, held: 0, heldForSeconds: null }]);
  expect(await of('held_since_timestamp_seconds')).toBeUndefined();
});
