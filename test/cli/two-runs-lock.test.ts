import { expect, test } from 'vitest';
import { violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { holdUp, openSession, untilHeldUp } from '../support/sessions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

/** The session that holds a run's locks, and those locks as numbers for `pg_advisory_lock`. */
const lockSession = `
  select pid, (classid::bigint << 32 | objid::bigint)::text as key from pg_locks
  where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())
  order by granted`;

/** Notes for each row of history whether, when it was written, another session held locks as a run does. */
const watchWrites = `
  create table public.write_watched (locks integer);
  create function public.watch_write() returns trigger language plpgsql as $$ begin
    insert into public.write_watched
      select count(*) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
        and database = (select oid from pg_database where datname = current_database());
    return null;
  end $$;
  create trigger watch_write after insert or update on obs.result_code_history
    for each statement execute function public.watch_write()`;

/** The same for each VDN's row that is written, once `watchWrites` is there. */
const watchNotes = `
  create trigger watch_note after update on obs.vdn for each row execute function public.watch_write()`;

/** Holds a run of three VDNs up before it writes, and ends the session that holds its locks. */
async function runWithoutLock({ url, sync, rows }: SyncSetup) {
  await rows(watchWrites);
  const gate = await holdUp(url, 'compare');
  const run = sync();
  await untilHeldUp(url, 1);
  const held = await rows(lockSession);
  expect(new Set(held.map(({ pid }) => pid)).size).toBe(1);
  return {
    run,
    release: gate.release,
    /** Of the source and of the run itself. */
    keys: held.map(({ key }) => String(key)),
    kill: () => rows(`select pg_terminate_backend(${held[0]?.pid}, 5000)`),
  };
}

test('a run whose lock connection is ended takes the lock again before it writes', async () => {
  const setup = await syncSetup({ vdns: ['1-3'] });
  const { run, release, kill, keys } = await runWithoutLock(setup);
  expect(keys).toHaveLength(2);
  await kill();
  expect(await setup.rows(lockSession)).toEqual([]);
  await release();
  const result = await run;
  expect(result.json()).toMatchObject({ exitCode: 0, vdns: { changed: 3 }, codes: { added: 30 } });
  expect(await setup.rows('select distinct locks from public.write_watched')).toEqual([{ locks: 2 }]);
  expect(await violations(setup.url)).toEqual([]);
});

test('nor are unchanged VDNs recorded without the lock', async () => {
  const setup = await syncSetup({ vdns: ['1-3'] });
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  const { run, release, kill } = await runWithoutLock(setup);
  await setup.rows(watchNotes);
  await kill();
  await release();
  expect((await run).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 3 } });
  expect(await setup.rows('select distinct locks from public.write_watched')).toEqual([{ locks: 2 }]);
  expect(await violations(setup.url)).toEqual([]);
});

test('where the lock was lost and another session has it now, the run ends with 75 and writes no code', async () => {
  const setup = await syncSetup({ vdns: ['1-5'], source: { concurrency: 1 } });
  const { run, release, kill, keys } = await runWithoutLock(setup);
  await kill();
  const other = await openSession(setup.url);
  for (const key of keys) await other.query('select pg_advisory_lock($1)', [key]);
  await release();
  const result = await run;
  expect(result.exitCode).toBe(75);
  expect(result.json()).toMatchObject({ status: 'failed', error: { code: 'locked' }, vdns: { skipped: 5 } });
  expect(await rowVersions(setup.url, codeTables)).toEqual([]);
  expect(await setup.rows('select from obs.vdn where last_attempt_at is not null')).toEqual([]);
});

test('a run that lost its lock to a second run ends, and the second goes on', async () => {
  const setup = await syncSetup({ vdns: ['1-3'] });
  const { run, release, kill } = await runWithoutLock(setup);
  await kill();
  const second = setup.sync();
  await untilHeldUp(setup.url, 2);
  await release();
  expect((await second).json()).toMatchObject({ exitCode: 0, vdns: { changed: 3 } });
  const first = await run;
  // 75 where the second run is still at work; where it has ended already, its lists are newer than the first one's.
  expect([75, 5]).toContain(first.exitCode);
  expect(first.json()).toMatchObject({ vdns: { changed: 0, unchanged: 0 }, codes: { added: 0 } });
  if (first.exitCode === 5) {
    expect(first.json()).toMatchObject({ outcomes: Array(3).fill({ errorCode: 'stale-snapshot' }) });
  }
  expect(await setup.rows('select count(*)::integer as codes from obs.result_code')).toEqual([{ codes: 30 }]);
  expect(await violations(setup.url)).toEqual([]);
});
