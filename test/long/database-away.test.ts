import { expect, onTestFinished, test } from 'vitest';
import { startEmbeddedServer } from '../support/embedded-server.ts';
import { codeViolations, violations } from '../support/invariants.ts';
import { holdUp, until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';

/** A stack trace, a warning of Node's, a bug. */
const untidy = /^\s+at |Warning|Unhandled|unexpected error/m;

test('a database that stays away ends a run with 6 after 30 s, with what was committed kept', async () => {
  const server = await startEmbeddedServer();
  onTestFinished(() => server.close());
  await query(server.url, 'create database warehouse');
  const url = databaseUrl(server.url, 'warehouse');
  await migrate(url);
  const { simulator, startSync, sync, rows } = await syncSetup({ vdns: ['1-200'], databaseUrl: url });
  simulator.fault({ kind: 'delay', ms: 50 });
  const run = startSync();
  await until('a VDN is done', async () => (await rows('select from obs.result_code')).length > 0);
  await server.stop('immediate');
  const result = await run.exit;
  expect(result.stderr).not.toMatch(untidy);
  expect(result.json()).toMatchObject({
    status: 'failed',
    exitCode: 6,
    error: { code: 'database-unreachable', message: expect.stringContaining('waited for it for 30 s') },
  });
  await server.start();
  expect(await codeViolations(url)).toEqual([]);
  simulator.clearFaults();
  expect((await sync()).json()).toMatchObject({ exitCode: 0 });
  expect(await rows('select status from obs.sync_run order by run_id')).toEqual([
    { status: 'interrupted' },
    { status: 'succeeded' },
  ]);
  expect(await violations(url)).toEqual([]);
});

test('a VDN whose connection ends at each attempt fails alone, after 30 s', async () => {
  const { url, sync, rows } = await syncSetup({ vdns: ['1-4'] });
  await rows(`
    create function public.obstacle() returns trigger language plpgsql as $$ begin
      if new.vdn_id = 2 then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(30); end if;
      return new;
    end $$;
    create trigger obstacle before insert on obs.result_code for each row execute function public.obstacle()`);
  const result = await sync();
  expect(result.stderr).not.toMatch(untidy);
  expect(result.json()).toMatchObject({ exitCode: 3, vdns: { changed: 3, failed: 1 } });
  expect(await rows('select last_error_code from obs.vdn where vdn_id = 2')).toEqual([
    { last_error_code: 'database' },
  ]);
  expect(await violations(url)).toEqual([]);
});

test('a lock that another session holds from before the run ends it with 6, and says what to look for', async () => {
  const options = `options=${encodeURIComponent('-c lock_timeout=500ms')}`;
  const { url, sync, simulator } = await syncSetup({ vdns: [1], databaseOptions: options });
  await holdUp(url, 'begin');
  const result = await sync();
  expect(result.stderr).not.toMatch(untidy);
  expect(result.json()).toMatchObject({
    status: 'refused',
    exitCode: 6,
    error: { message: expect.stringMatching(/lock timeout.*Another session has kept .*pg_stat_activity/) },
  });
  expect(simulator.requests.total).toBe(0);
});
