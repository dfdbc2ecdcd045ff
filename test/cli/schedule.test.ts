import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { listening } from '../support/listening.ts';
import { until } from '../support/sessions.ts';
import { scheduled } from './schedule-setup.ts';

describe('schedule refuses, before anything starts,', () => {
  test.each([
    [
      'an impossible expression',
      { schedule: { cron: '15 25 * * *' } },
      /schedule\.cron "15 25 \* \* \*": the hour/,
    ],
    [
      'an unknown time zone',
      { schedule: { cron: '15 2 * * *', timezone: 'Mars/Base' } },
      /schedule\.timezone/,
    ],
    ['a configuration without a schedule', { schedule: undefined }, /schedule\.cron is missing/],
    [
      'an address that is not this machine’s',
      { http: { host: '192.0.2.1' } },
      /cannot listen on 192\.0\.2\.1/,
    ],
  ])('%s, with exit code 2', async (_, sections, message) => {
    const { config, rows, simulator } = await scheduled(sections);
    const result = await call(['schedule'], config);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(await rows('select from obs.sync_run')).toEqual([]);
    expect(simulator.requests.total).toBe(0);
  });

  test('a port that is in use, with exit code 2', async () => {
    const port = await listening(createServer());
    const { config } = await scheduled({ http: { port } });
    const result = await call(['schedule'], config);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`cannot listen on 127.0.0.1 port ${port}`);
  });
});

test('runs again and again, says when the next one is due, and counts what the database has', async () => {
  const { start, rows } = await scheduled();
  const schedule = await start();
  await schedule.waitForOutput(/"runId":2,.*"msg":"run succeeded"/);
  expect(schedule.log().slice(0, 2)).toMatchObject([
    { level: 'info', msg: `the status page, health and metrics are served at ${schedule.url}` },
    {
      level: 'info',
      nextRunAt: expect.any(String),
      msg: expect.stringMatching(/ is due at \d{4}-.* UTC\), by the clocks of Asia\/Shanghai$/),
    },
  ]);
  expect(await fetch(`${schedule.url}/readyz`)).toMatchObject({ status: 200 });
  const unchanged = await schedule.metric('vdns_total', { source: 'test', outcome: 'unchanged' });
  expect(unchanged).toBeGreaterThanOrEqual(3);
  expect(await schedule.metric('vdns_total', { source: 'test', outcome: 'changed' })).toBe(3);
  expect(await schedule.metric('code_changes_total', { source: 'test', kind: 'added' })).toBe(30);
  expect(await schedule.metric('stale_vdns', { source: 'test' })).toBe(0);
  expect(await schedule.metric('next_run_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 10);

  schedule.signal('SIGTERM');
  expect(await schedule.exit).toMatchObject({ exitCode: 143, stdout: '' });
  const runs = await rows('select run_id, status, trigger, arguments from obs.sync_run order by run_id');
  expect(runs.length).toBeGreaterThanOrEqual(2);
  for (const row of runs)
    expect(row).toMatchObject({ status: 'succeeded', trigger: 'schedule', arguments: '' });
});

test('a run that fails, or could not begin, ends nothing else', async () => {
  const { simulator, start, rows } = await scheduled();
  simulator.fault({ kind: 'status', status: 401 });
  const schedule = await start();
  await schedule.waitForOutput(/"status":"failed"/);
  await rows(`alter table obs.schema_migration rename to elsewhere`);
  await schedule.waitForOutput(/"status":"refused","errorCode":"database-unusable"/);
  expect((await fetch(`${schedule.url}/readyz`)).status).toBe(503);
  await rows(`alter table obs.elsewhere rename to schema_migration`);
  simulator.clearFaults();
  await schedule.waitForOutput(/"msg":"run succeeded"/);
  expect(await schedule.metric('runs_total', { status: 'failed' })).toBeGreaterThan(0);
  expect(await schedule.metric('runs_total', { status: 'refused' })).toBeGreaterThan(0);
  expect(await schedule.metric('requests_total', { source: 'test', result: 'unauthorized' })).toBeGreaterThan(
    0,
  );
  schedule.signal('SIGINT');
  expect(await schedule.exit).toMatchObject({ exitCode: 130 });
});

test('a run that failed in part is repeated for what it did not verify, long before the next time', async () => {
  const soon = (seconds: number) => new Date(Date.now() + 1000 * seconds).getUTCSeconds();
  const cron = `${soon(2)},${soon(12)} * * * * *`;
  const { simulator, start, rows } = await scheduled({ schedule: { cron, retryDelay: '100ms' } });
  simulator.vdn(2).fault({ kind: 'status', status: 404, times: 1 });
  const schedule = await start();
  await schedule.waitForOutput(/"runId":2,.*"msg":"run succeeded"/);
  expect(schedule.stderr()).toMatch(
    /"level":"warn".*the run ended with 3; what it did not verify .* \(1 of 3\)/,
  );
  const counts = 'status, vdns_changed as changed, vdns_failed as failed, vdns_fresh as fresh';
  expect(await rows(`select ${counts}, arguments from obs.sync_run order by run_id`)).toEqual([
    { status: 'partial', changed: 2, failed: 1, fresh: 0, arguments: '' },
    {
      status: 'succeeded',
      changed: 1,
      failed: 0,
      fresh: 2,
      arguments: expect.stringMatching(/^--max-age=\d+s$/),
    },
  ]);
});

test('another run on its source is logged and waited for, not fatal', async () => {
  const { simulator, config, start } = await scheduled({}, { timeout: '4s' });
  simulator.fault({ kind: 'hang', times: 1 });
  const other = call(['sync', '--vdn', '1', '--json'], config);
  await until('the other run has its lock', () => simulator.requests.total > 0);
  const schedule = await start();
  await schedule.waitForOutput(/"level":"warn".*"errorCode":"locked"/);
  // The other run gives its hanging request up after the timeout.
  expect((await other).exitCode).toBe(5);
  await schedule.waitForOutput(/"msg":"run succeeded"/);
});

test('runs never overlap: a time that comes during a run is left out and logged', async () => {
  const { simulator, start, rows } = await scheduled();
  simulator.fault({ kind: 'delay', ms: 1500 });
  const schedule = await start();
  await schedule.waitForOutput(/"runId":2,.*"msg":"run succeeded"/);
  expect(schedule.stderr()).toMatch(/"level":"warn",.*"dueAt":"[^"]+".*the one before is still under way/);
  const overlapping = `select from obs.sync_run as a join obs.sync_run as b
    on a.run_id < b.run_id and b.started_at < a.finished_at`;
  expect(await rows(overlapping)).toEqual([]);
});

test('run.maxDuration ends a run that hangs, and the next one comes', async () => {
  const { simulator, start, rows } = await scheduled({ run: { maxDuration: '1s' } });
  simulator.fault({ kind: 'hang', times: 3 });
  const schedule = await start();
  await schedule.waitForOutput(
    /"runId":1,.*"msg":"run interrupted: the run took longer than run.maxDuration/,
  );
  await schedule.waitForOutput(/"msg":"run succeeded"/);
  expect(await schedule.metric('runs_total', { status: 'interrupted' })).toBeGreaterThan(0);
  expect(await rows('select status from obs.sync_run where run_id = 1')).toEqual([{ status: 'interrupted' }]);
});
