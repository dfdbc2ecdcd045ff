import { expect, onTestFinished, test } from 'vitest';
import type { CommandResult, RunningCommand } from '../support/command.ts';
import { violations } from '../support/invariants.ts';
import { holdUp, until, untilHeldUp } from '../support/sessions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';
import { summaryOf } from './summary-shape.ts';

/** What the process may take from a signal to its end. */
const limitMs = 10_000;

/** Signals a run and waits for its end. */
async function stopped(run: RunningCommand, signal: NodeJS.Signals): Promise<CommandResult> {
  const signalledAt = performance.now();
  run.signal(signal);
  const result = await run.exit;
  expect(performance.now() - signalledAt).toBeLessThan(limitMs);
  return result;
}

const lastRun = 'select status, exit_code, error_code, finished_at is not null as finished from obs.sync_run';

test('SIGTERM while the server is slow: what was done stays, requests are given up, the rest is skipped', async () => {
  const { url, simulator, startSync, sync, rows } = await syncSetup({ vdns: ['1-20'] });
  for (let vdnId = 3; vdnId <= 20; vdnId++) simulator.vdn(vdnId).fault({ kind: 'hang' });
  const run = startSync();
  const done = `select from obs.vdn where last_outcome = 'changed'`;
  await until('two VDNs are done', async () => (await rows(done)).length === 2);
  await until('requests hang', () => simulator.requests.counts().underWay === 4);

  const result = await stopped(run, 'SIGTERM');
  expect(result).toMatchObject({ exitCode: 143, stderr: expect.not.stringMatching(/\n\s+at |Warning/) });
  expect(result.json()).toMatchObject({
    status: 'interrupted',
    exitCode: 143,
    error: { code: 'interrupted', message: expect.stringContaining('SIGTERM') },
    vdns: { total: 20, changed: 2, failed: 0, skipped: 18 },
    requests: 6,
  });
  expect(simulator.requests.total).toBe(6);
  await until('no request is open', () => simulator.requests.counts().underWay === 0);
  expect(await rows(lastRun)).toEqual([
    { status: 'interrupted', exit_code: 143, error_code: 'interrupted', finished: true },
  ]);
  expect(
    await rows(`select count(*)::integer as vdns from obs.sync_run_vdn where error_code = 'interrupted'`),
  ).toEqual([{ vdns: 18 }]);
  expect(await violations(url)).toEqual([]);

  for (let vdnId = 3; vdnId <= 20; vdnId++) simulator.vdn(vdnId).clearFaults();
  expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 2, changed: 18 } });
});

/** What has been read waits to be recorded, until there is room for no more. Gives the requests until then. */
async function untilNothingIsRead({ requests }: SyncSetup['simulator']): Promise<number> {
  let total = 0;
  let grewAt = performance.now();
  await until('no further VDN is read', () => {
    if (requests.total > total || requests.counts().underWay > 0) grewAt = performance.now();
    total = requests.total;
    return performance.now() - grewAt > 1_000;
  });
  return total;
}

test('SIGINT while VDNs are being applied: these are finished, no other is begun', async () => {
  const { url, simulator, startSync, rows } = await syncSetup({ vdns: ['1-20'], source: { concurrency: 1 } });
  const gate = await holdUp(url, 'apply');
  const run = startSync();
  await untilHeldUp(url, 1);
  const begun = await untilNothingIsRead(simulator);
  run.signal('SIGINT');
  await run.waitForOutput(/stopping/);
  await gate.release();
  const result = await run.exit;
  expect(result.exitCode).toBe(130);
  const { vdns, codes } = summaryOf(result);
  expect(vdns).toMatchObject({ total: 20, failed: 0, skipped: 20 - vdns.changed });
  expect(codes.added).toBe(10 * vdns.changed);
  expect(vdns.changed).toBe(begun);
  expect(vdns.skipped).toBeGreaterThan(0);
  expect(simulator.requests.total).toBe(begun);
  expect(await rows(lastRun)).toMatchObject([{ status: 'interrupted', exit_code: 130 }]);
  expect(await violations(url)).toEqual([]);
});

test('a signal ends the pause of a 429, and the wait for a retry', async () => {
  const { simulator, startSync, rows } = await syncSetup({ vdns: ['1-3'] });
  simulator.vdn(1).fault({ kind: 'status', status: 429, retryAfter: '59' });
  const run = startSync();
  await until('the server has asked for a pause', () => simulator.requests.withStatus(429) > 0);
  // Ctrl-C under npm comes more than once, and the last one at any moment until the process has ended.
  const again = setInterval(() => run.signal('SIGTERM'), 2);
  onTestFinished(() => clearInterval(again));
  const result = await stopped(run, 'SIGTERM');
  // In its very last moment Node no longer listens; to a shell both are 143.
  expect(result.exitCode ?? result.signal).toBeOneOf([143, 'SIGTERM']);
  expect(result.json()).toMatchObject({ status: 'interrupted' });
  expect(await rows(lastRun)).toMatchObject([{ status: 'interrupted', finished: true }]);
});

test('a second signal ends it at once; the next run closes its row', async () => {
  const { url, startSync, sync, rows } = await syncSetup({ vdns: ['1-3'] });
  const gate = await holdUp(url, 'apply');
  const run = startSync();
  await untilHeldUp(url, 1);
  run.signal('SIGTERM');
  const signalledAt = performance.now();
  // Two within a second count as one: Ctrl-C on npm reaches the program twice.
  run.signal('SIGTERM');
  await until('more than a second has passed', () => performance.now() - signalledAt > 1_100);
  expect(await rows(lastRun)).toMatchObject([{ status: 'running' }]);
  const result = await stopped(run, 'SIGTERM');
  expect(result.exitCode).toBe(143);
  expect(result.stderr).toContain('ended at once by a second signal');
  expect(result.json()).toMatchObject({
    runId: 1,
    status: 'interrupted',
    exitCode: 143,
    error: { code: 'interrupted', message: expect.stringContaining('second signal') },
    vdns: { total: 3, changed: 0, skipped: 3 },
    requests: 3,
  });

  await gate.release();
  expect((await sync()).json()).toMatchObject({ exitCode: 0 });
  expect(await rows(`${lastRun} order by run_id`)).toMatchObject([
    { status: 'interrupted', exit_code: null, error_code: 'interrupted', finished: true },
    { status: 'succeeded' },
  ]);
  expect(await violations(url)).toEqual([]);
});

test('what hangs in the database does not keep it from ending within 10 s, whether at work or on its way there', async () => {
  const applying = await syncSetup({ vdns: ['1-3'] });
  const preparing = await syncSetup({ vdns: ['1-3'] });
  const gates = [await holdUp(applying.url, 'apply'), await holdUp(preparing.url, 'begin')];
  const runs = [applying.startSync(), preparing.startSync()];
  await untilHeldUp(applying.url, 1);
  await untilHeldUp(preparing.url, 1);
  const results = await Promise.all(runs.map((run) => stopped(run, 'SIGTERM')));
  for (const result of results) {
    expect(result.exitCode).toBe(143);
    expect(result.stderr).toContain('ended at once 8 s after SIGTERM');
    expect(result.json()).toMatchObject({ status: 'interrupted', exitCode: 143 });
  }

  for (const gate of gates) await gate.release();
  for (const { url, sync } of [applying, preparing]) {
    expect((await sync()).json()).toMatchObject({ exitCode: 0 });
    expect(await violations(url)).toEqual([]);
  }
});
