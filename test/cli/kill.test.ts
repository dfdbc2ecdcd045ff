import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { codeViolations, violations } from '../support/invariants.ts';
import { runs } from '../support/runs.ts';
import { openSession, until, untilHeldUp } from '../support/sessions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';
import { edited, gateInCommit, pauses, runAfter, slowApply, unlike } from './kill-world.ts';

const kills = runs(4);
/** Concurrently, since a run mostly waits. */
const lanes = 3;
const vdnIds = [1, 2, 3, 4, 5, 6];

const upTo = (limit: number) => Math.random() * limit;

/** Sessions of runs that are in the middle of a transaction that writes. */
const applying = `
  select from pg_stat_activity
  where datname = current_database() and application_name = 'obs-code-sync' and wait_event = 'PgSleep'`;

/** How to reach the moment of a kill. A run that has already ended has missed it. */
const moments: Record<string, (setup: SyncSetup, ended: () => boolean) => Promise<unknown>> = {
  'at any time': () => pause(upTo(1_500)),
  'while it reads': async ({ simulator }, ended) => {
    const requests = simulator.requests.total + 1 + Math.floor(upTo(vdnIds.length));
    await until('the run has asked so often', () => ended() || simulator.requests.total >= requests);
    await pause(upTo(20));
  },
  'inside an apply': async ({ rows }, ended) => {
    await until('an apply is under way', async () => ended() || (await rows(applying)).length > 0);
    await pause(upTo(150));
  },
};

/** Kills a run, checks what it left, and starts another one. */
async function killOne(setup: SyncSetup, moment: string): Promise<{ insideApply: boolean; runRow: boolean }> {
  const { url, simulator, startSync, rows } = setup;
  for (const vdnId of vdnIds) simulator.vdn(vdnId).edit(edited);
  const runsBefore = await rows('select from obs.sync_run');
  const run = startSync();
  let over = false;
  const exit = run.exit.finally(() => {
    over = true;
  });
  await moments[moment]?.(setup, () => over);
  const insideApply = (await rows(applying)).length > 0;
  run.signal('SIGKILL');
  await exit;
  expect(await codeViolations(url)).toEqual([]);

  const killed = await rows(`select run_id from obs.sync_run where status = 'running'`);
  expect(await runAfter(setup)).toMatchObject({ exitCode: 0 });
  expect(await violations(url)).toEqual([]);
  expect(await unlike(url, simulator, vdnIds)).toEqual([]);
  for (const { run_id } of killed) {
    expect(await rows(`select status, error_code from obs.sync_run where run_id = ${run_id}`)).toEqual([
      { status: 'interrupted', error_code: 'interrupted' },
    ]);
  }
  return { insideApply, runRow: runsBefore.length < (await rows('select from obs.sync_run')).length - 1 };
}

test(
  `after each of ${kills} runs that were killed nothing is half done, and the next run converges`,
  async () => {
    const names = Object.keys(moments);
    let next = 0;
    const results: { moment: string; insideApply: boolean; runRow: boolean }[] = [];
    const lane = async (setup: SyncSetup) => {
      await setup.rows(slowApply);
      await runAfter(setup);
      while (next < kills) {
        const moment = names[next++ % names.length] ?? '';
        results.push({ moment, ...(await killOne(setup, moment)) });
      }
    };
    const setups = await Promise.all(
      Array.from({ length: lanes }, () =>
        syncSetup({ vdns: [...vdnIds], codesPerVdn: 20, databaseOptions: pauses }),
      ),
    );
    await Promise.all(setups.map(lane));
    // Enough runs were killed in the middle of their work, and in a transaction.
    expect(results).toHaveLength(kills);
    expect(results.filter(({ runRow }) => runRow).length).toBeGreaterThan(kills / 3);
    expect(results.filter(({ insideApply }) => insideApply).length).toBeGreaterThan(kills / 10);
  },
  runs(240_000),
);

test('the next run waits for what a killed one is still committing, and finds it done', async () => {
  const { url, simulator, startSync, sync, rows } = await syncSetup({ vdns: [1] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  simulator.vdn(1).change('00605', 'Engaged.');
  await rows(gateInCommit);
  const gate = await openSession(url);
  await gate.query('begin; lock table public.gate');
  const killed = startSync();
  await untilHeldUp(url, 1);
  killed.signal('SIGKILL');
  await killed.exit;

  const next = sync();
  await untilHeldUp(url, 2);
  await gate.query('commit');
  expect((await next).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 1 } });
  expect(await rows('select status, vdns_changed, codes_changed from obs.sync_run order by run_id')).toEqual([
    { status: 'succeeded', vdns_changed: 1, codes_changed: 0 },
    { status: 'interrupted', vdns_changed: 1, codes_changed: 1 },
    { status: 'succeeded', vdns_changed: 0, codes_changed: 0 },
  ]);
  expect(await violations(url)).toEqual([]);
});
