import { describe, expect, test } from 'vitest';
import type { CommandResult } from '../support/command.ts';
import { codeViolations, violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { holdUp, openSession, untilHeldUp } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';

function expectTidy({ stderr }: CommandResult): void {
  expect(stderr).not.toMatch(/^\s+at |Warning|Unhandled|unexpected error/m);
}

/** A trigger on a table that does something where a row is VDN 2's; its statement comes from outside the program. */
function onVdn2(table: string, statement: string, when = 'before insert or update'): string {
  const kind = when.includes('deferred') ? 'constraint trigger' : 'trigger';
  return `
    create or replace function public.obstacle() returns trigger language plpgsql as $$ begin
      if new.vdn_id = 2 then ${statement}; end if;
      return new;
    end $$;
    create ${kind} obstacle ${when.replace('deferred', '')} on obs.${table}
      ${when.includes('deferred') ? 'deferrable initially deferred' : ''}
      for each row execute function public.obstacle()`;
}

const diskFull = `raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'`;

/** What stands in the way of VDN 2's apply, and what its message must hold. */
const obstacles: Record<string, { sql: string; options?: string; says: string }> = {
  'a full disk while codes are written': {
    sql: onVdn2('result_code', diskFull),
    says: 'No space left on device (SQLSTATE 53100)',
  },
  'a full disk while the history is written': {
    sql: onVdn2('result_code_history', diskFull),
    says: 'No space left on device (SQLSTATE 53100)',
  },
  'a full disk while it commits': {
    sql: onVdn2('result_code_history', diskFull, 'after insert deferred'),
    says: 'No space left on device (SQLSTATE 53100)',
  },
  'a statement that takes too long': {
    sql: onVdn2('result_code', 'perform pg_sleep(30)'),
    options: `options=${encodeURIComponent('-c statement_timeout=1s')}`,
    says: 'canceling statement due to statement timeout (SQLSTATE 57014)',
  },
};

describe('where one VDN cannot be written, it fails as `database`, nothing of it is there, the others are done', () => {
  test.each(Object.keys(obstacles))('%s', async (name) => {
    const { sql, options, says } = obstacles[name] ?? { sql: '', says: '' };
    const setup = await syncSetup({
      vdns: ['1-4'],
      ...(options === undefined ? {} : { databaseOptions: options }),
    });
    await setup.rows(sql);
    const result = await setup.sync();
    expectTidy(result);
    expect(result.json()).toMatchObject({
      status: 'partial',
      exitCode: 3,
      vdns: { changed: 3, failed: 1 },
      outcomes: [
        { vdnId: 1 },
        { vdnId: 2, outcome: 'failed', errorCode: 'database', message: expect.stringContaining(says) },
        { vdnId: 3 },
        { vdnId: 4 },
      ],
    });
    const stored = await rowVersions(setup.url, codeTables);
    expect(stored).toHaveLength(60);
    expect(await setup.rows('select from obs.result_code where vdn_id = 2')).toEqual([]);
    expect(await violations(setup.url)).toEqual([]);
  });
});

test('a lock that another session holds for too long costs its VDN, not the run', async () => {
  const { url, simulator, rows, sync } = await syncSetup({
    vdns: ['1-3'],
    databaseOptions: `options=${encodeURIComponent('-c lock_timeout=1s')}`,
  });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  for (const vdnId of [1, 2, 3]) simulator.vdn(vdnId).change('00605', 'Engaged.');
  const session = await openSession(url);
  await session.query(`begin; select from obs.result_code where vdn_id = 2 for update`);
  const result = await sync();
  expectTidy(result);
  expect(result.json()).toMatchObject({
    exitCode: 3,
    vdns: { changed: 2, failed: 1 },
    outcomes: [{}, { vdnId: 2, errorCode: 'database', message: expect.stringContaining('55P03') }, {}],
  });
  await session.query('rollback');
  expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { changed: 1, unchanged: 2 } });
  expect(await rows('select failing_since from obs.vdn where vdn_id = 2')).toEqual([{ failing_since: null }]);
  expect(await violations(url)).toEqual([]);
});

test('the row of one VDN that another session keeps locked from before the run costs that VDN alone', async () => {
  const options = `options=${encodeURIComponent('-c lock_timeout=500ms')}`;
  const { url, rows, sync } = await syncSetup({ vdns: ['1-3'], databaseOptions: options });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  const session = await openSession(url);
  await session.query(`begin; select from obs.vdn where vdn_id = 2 for update`);
  const result = await sync();
  expectTidy(result);
  expect(result.json()).toMatchObject({
    exitCode: 3,
    vdns: { unchanged: 2, failed: 1 },
    outcomes: [{ vdnId: 2, errorCode: 'database', message: expect.stringContaining('55P03') }],
  });
  await session.query('rollback');
  expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 3 } });
  expect(await rows(`select from obs.vdn where last_outcome <> 'unchanged'`)).toEqual([]);
});

test('all connections are ended in the middle of an apply: it is repeated, under a new lock', async () => {
  const { url, sync } = await syncSetup({ vdns: ['1-20'], source: { concurrency: 1 } });
  const gate = await holdUp(url, 'apply');
  const run = sync();
  await untilHeldUp(url, 1);
  await gate.session.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and application_name = 'obs-code-sync'`,
  );
  await gate.release();
  const result = await run;
  expectTidy(result);
  expect(result.json()).toMatchObject({
    exitCode: 0,
    vdns: { failed: 0, changed: 20 },
    codes: { added: 200 },
  });
  expect(await violations(url)).toEqual([]);
});

test('a database that no longer answers ends the run with 6, with what was committed kept', async () => {
  const { url, rows, sync } = await syncSetup({ vdns: ['1-20'] });
  expect(await sync('--vdn', '1')).toMatchObject({ exitCode: 0 });
  await rows(`
    create function public.disk_is_full() returns trigger language plpgsql as $$ begin ${diskFull}; end $$;
    create trigger disk_is_full before insert on obs.sync_run_vdn execute function public.disk_is_full();
    create trigger disk_is_full before update on obs.sync_run execute function public.disk_is_full()`);
  const stored = await rowVersions(url, codeTables);
  const result = await sync();
  expectTidy(result);
  expect(result.json()).toMatchObject({
    status: 'failed',
    exitCode: 6,
    error: { code: 'database-unreachable', message: expect.stringContaining('No space left on device') },
  });
  expect(await rowVersions(url, codeTables)).toEqual(stored);
  expect(await codeViolations(url)).toEqual([]);

  await rows('drop function public.disk_is_full() cascade');
  expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { total: 20, changed: 19 } });
  expect(await violations(url)).toEqual([]);
});
