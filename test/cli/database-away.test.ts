import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { CommandResult } from '../support/command.ts';
import { codeViolations, violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { holdUp, openSession, until, untilHeldUp, untilWaitedFor } from '../support/sessions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';
import { databaseUrl, query } from '../support/template-database.ts';

// The run's own server is shared: this one may be stopped.
const server = await startEmbeddedServer();
afterAll(() => server.close());

async function setupOn(name: string, vdns: string): Promise<SyncSetup> {
  await query(server.url, `create database ${name}`);
  const source = { concurrency: 2, retries: 0 };
  const setup = await syncSetup({ vdns: [vdns], source, databaseUrl: databaseUrl(server.url, name) });
  expect(await setup.sync('--migrate', '--vdn', '1')).toMatchObject({ exitCode: 0 });
  return setup;
}

/** VDN 1 is there from the beginning, and unchanged. */
const changed = `select vdn_id from obs.vdn where last_outcome = 'changed' and vdn_id > 1 order by vdn_id`;

/** Nothing but the log and, at the end, one message: no warning of Node's and no stack trace. */
function expectTidy({ stderr }: CommandResult): void {
  expect(stderr).not.toMatch(/^\s+at |Warning|Unhandled|unexpected error/m);
}

test('a run goes on once the database is back, twice, and no VDN fails for it', async () => {
  const { url, simulator, startSync, rows } = await setupOn('back', '1-40');
  simulator.fault({ kind: 'delay', ms: 25 });
  const run = startSync();
  for (const [mode, done] of [
    ['immediate', 5],
    ['fast', 20],
  ] as const) {
    await until(`${done} VDNs are done`, async () => (await rows(changed)).length >= done);
    // Those that are under way are in the middle of their apply.
    await holdUp(url, 'apply');
    await untilHeldUp(url, 1);
    await server.stop(mode);
    await run.waitForOutput(mode === 'fast' ? /is away[\s\S]*is away/ : /is away/);
    await server.start();
  }
  const result = await run.exit;
  expectTidy(result);
  expect(result.json()).toMatchObject({
    exitCode: 0,
    vdns: { total: 40, unchanged: 1, changed: 39 },
    codes: { added: 390 },
  });
  expect(await violations(url)).toEqual([]);
});

test('a signal cuts the wait for a database that stays away short', async () => {
  const { url, simulator, startSync, sync, rows } = await setupOn('stopped', '1-200');
  simulator.fault({ kind: 'delay', ms: 100 });
  const run = startSync();
  await until('a VDN is done', async () => (await rows(changed)).length > 0);
  await server.stop('immediate');
  onTestFinished(() => server.start().catch(() => {}));
  await run.waitForOutput(/is away/);
  run.signal('SIGTERM');
  const result = await run.exit;
  expectTidy(result);
  expect(result.json()).toMatchObject({ status: 'interrupted', exitCode: 143 });
  await server.start();
  expect(await codeViolations(url)).toEqual([]);
  simulator.clearFaults();
  expect((await sync()).json()).toMatchObject({ exitCode: 0 });
  expect(await rows('select status from obs.sync_run order by run_id')).toEqual([
    { status: 'succeeded' },
    { status: 'interrupted' },
    { status: 'succeeded' },
  ]);
  expect(await violations(url)).toEqual([]);
});

/** Lets every commit that writes wait for a replica that is not there: it is done, and its client does not hear of it. */
async function commitsUnheard(url: string): Promise<void> {
  await query(server.url, `alter system set synchronous_standby_names = 'missing'`);
  await query(server.url, 'select pg_reload_conf()');
  const probe = await openSession(url);
  let tables = 0;
  await until('commits wait', async () => {
    probe.query(`create table public.probe_${++tables} ()`).catch(() => {});
    return (await query(url, atCommit('%'))).length > 0;
  });
}

const atCommit = (application: string) => `
  select pid from pg_stat_activity
  where datname = current_database() and application_name like '${application}' and wait_event = 'SyncRep'`;

async function commitsHeardAgain(): Promise<void> {
  await query(server.url, 'alter system reset synchronous_standby_names');
  await query(server.url, 'select pg_reload_conf()');
}

/** Ends the sessions of runs that wait for their commit, once there are some. */
async function endAtCommit({ rows }: SyncSetup): Promise<void> {
  const waiting = atCommit('obs-code-sync');
  await until('a commit of a run waits', async () => (await rows(waiting)).length > 0);
  await rows(`select pg_terminate_backend(pid, 5000) from (${waiting}) as waiting`);
}

test('a connection that is lost in the middle of a commit: what was committed counts as done', async () => {
  const setup = await setupOn('committing', '1-3');
  const gate = await holdUp(setup.url, 'apply');
  const run = setup.sync();
  await untilHeldUp(setup.url, 1);
  await commitsUnheard(setup.url);
  await gate.release();
  await endAtCommit(setup);
  await commitsHeardAgain();
  const result = await run;
  expectTidy(result);
  expect(result.json()).toMatchObject({
    exitCode: 0,
    vdns: { changed: 2, unchanged: 1 },
    codes: { added: 20 },
  });
  expect(await violations(setup.url)).toEqual([]);
});

test('the same for several unchanged VDNs', async () => {
  const setup = await setupOn('noting', '1-4');
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  const comparing = await holdUp(setup.url, 'compare');
  const run = setup.sync();
  await untilHeldUp(setup.url, 1);
  const noting = await holdUp(setup.url, 'begin');
  await comparing.release();
  await untilWaitedFor(setup.url, 'vdn');
  await commitsUnheard(setup.url);
  await noting.release();
  // A batch, then its VDNs alone: their rows are locked before it is asked what stands.
  await endAtCommit(setup);
  await endAtCommit(setup);
  await commitsHeardAgain();
  const result = await run;
  expectTidy(result);
  expect(result.json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 4 } });
  expect(await violations(setup.url)).toEqual([]);
});
