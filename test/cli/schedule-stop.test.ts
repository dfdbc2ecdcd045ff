import { describe, expect, test } from 'vitest';
import { violations } from '../support/invariants.ts';
import { until } from '../support/sessions.ts';
import { scheduled } from './schedule-setup.ts';

describe('on SIGTERM with a run under way', () => {
  test('the run may end by itself, no further one begins, and the exit code is 143', async () => {
    const { simulator, start, rows } = await scheduled();
    simulator.fault({ kind: 'delay', ms: 3000 });
    const schedule = await start();
    await until('a run is under way', () => simulator.requests.total > 0);
    expect(await schedule.metric('run_in_progress')).toBe(1);
    schedule.signal('SIGTERM');
    const { exitCode, stderr } = await schedule.exit;
    expect(exitCode).toBe(143);
    expect(stderr).toContain('it has 15 s to end');
    expect(await rows('select status, vdns_changed from obs.sync_run')).toEqual([
      { status: 'succeeded', vdns_changed: 3 },
    ]);
  });

  test('a run that does not end is interrupted after 15 s; it is recorded so, and the process goes', async () => {
    const { simulator, databaseUrl, start, rows } = await scheduled({}, { timeout: '60s' });
    simulator.vdn(2).fault({ kind: 'hang' });
    const schedule = await start();
    await until('a request hangs', () => simulator.requests.ofVdn(2) > 0);
    const before = performance.now();
    schedule.signal('SIGTERM');
    expect(await schedule.exit).toMatchObject({ exitCode: 143 });
    const seconds = (performance.now() - before) / 1000;
    expect(seconds).toBeLessThan(26);
    expect(seconds).toBeGreaterThan(14);
    expect(await rows('select status, exit_code, vdns_changed, vdns_skipped from obs.sync_run')).toEqual([
      { status: 'interrupted', exit_code: 143, vdns_changed: 2, vdns_skipped: 1 },
    ]);
    expect(await violations(databaseUrl)).toEqual([]);
  });
});
