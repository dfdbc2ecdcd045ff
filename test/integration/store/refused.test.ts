import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planOf } from '../../../src/domain/diff.ts';
import { VdnError } from '../../../src/errors.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import type { OutcomeRecord } from '../../../src/store/write-outcomes.ts';
import { entries, entry } from '../../unit/domain/pages.ts';
import { applyInTurn, beginRun, kinds, rowsOf, type Writer } from './opened.ts';

/** What is written of a VDN, each as a run does it that has read `entries(4)`. */
const outcomes: Readonly<Record<string, (run: Writer) => Promise<Outcome>>> = {
  'an apply': async (run) => run.changed(entries(4)),
  'a held difference': async (run) => {
    const { difference } = await run.compare(entries(4));
    return { outcome: 'held', difference, plan: planOf('', difference), reason: 'too much' };
  },
  'an unchanged list': async () => ({ outcome: 'unchanged', codeCount: 6 }),
};
const everyOutcome: typeof outcomes = {
  ...outcomes,
  'a failure': async () => ({ outcome: 'failed', error: new VdnError('network', 'gone.') }),
};

type Outcome = Distribute<OutcomeRecord>;
type Distribute<Record> = Record extends OutcomeRecord
  ? Omit<Record, 'source' | 'vdnId' | 'lastVerifiedAt' | 'requests' | 'durationMs'>
  : never;

const tables = ['result_code', 'result_code_history', 'vdn', 'held_change', 'sync_run_vdn'];
const versions = tables.map(
  (table) => `select '${table} ' || ctid || xmin || md5(t::text) as v from ${table} t`,
);

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  const rows = (statement: string) => rowsOf(database, statement);
  const everything = async () => (await rows(versions.join(' union all '))).map(({ v }) => v).sort();

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test.each(Object.entries(outcomes))(
    '%s is refused where the VDN was verified meanwhile',
    async (name, outcome) => {
      await applyInTurn(database, `verified ${name}`, entries(6));
      const run = await beginRun(database, `verified ${name}`);
      const record = { ...(await run.about()), ...(await outcome(run)) };
      await rows(`update vdn set last_verified_at = last_verified_at + interval '1 microsecond'`);
      const before = await everything();
      await expect(run.store.record(record)).rejects.toMatchObject({
        code: 'stale-snapshot',
        message: expect.stringMatching(
          /verified by another run since this one read it\. Nothing was written/,
        ),
      });
      expect(await everything()).toEqual(before);
      await run.end();
    },
  );

  test('a first list is refused where another run has brought one meanwhile', async () => {
    const run = await beginRun(database, 'first');
    const record = await run.changed(entries(4));
    await run.apply(entries(3));
    await rows(`update vdn set last_run_id = null where source = 'first'`);
    const before = await everything();
    await expect(run.store.record(record)).rejects.toMatchObject({ code: 'stale-snapshot' });
    expect(await everything()).toEqual(before);
    await run.end();
  });

  test('an apply is refused where the stored codes changed meanwhile', async () => {
    await applyInTurn(database, 'codes', entries(6));
    const run = await beginRun(database, 'codes');
    const record = await run.changed(entries(4));
    await rows(
      `update result_code set obs_code_desc = 'By hand.' where source = 'codes' and obs_code = '00006'`,
    );
    const before = await everything();
    await expect(run.store.record(record)).rejects.toMatchObject({ code: 'stale-snapshot' });
    expect(await everything()).toEqual(before);
    await run.end();
  });

  test('an apply is refused where the history does not fit the codes', async () => {
    await applyInTurn(database, 'history', entries(6));
    await rows(`delete from result_code_history where source = 'history' and obs_code = '00006'`);
    const before = await everything();
    await expect(applyInTurn(database, 'history', entries(5))).rejects.toMatchObject({
      code: 'database',
      message: expect.stringMatching(
        /1 codes should have a current version.*0 have one.*tables were changed by hand/,
      ),
    });
    expect((await everything()).filter((version) => !before.includes(version))).toEqual([]);
  });

  test.each(['result_code', 'result_code_history', 'vdn', 'sync_run_vdn'])(
    'a failure while %s is written undoes the whole apply',
    async (table) => {
      const source = `failing ${table}`;
      await applyInTurn(database, source, entries(6));
      await rows(`create or replace function refuse() returns trigger language plpgsql as $$
        begin raise exception 'the disk is full' using errcode = '53100'; end $$`);
      const run = await beginRun(database, source);
      await rows(
        `create trigger refuse before insert or update on ${table} for each row execute function refuse()`,
      );
      const before = await everything();
      try {
        // Adds, changes and removes, so that every statement of an apply is there.
        const list = [...entries(5).slice(1), entry('00001', 'New.'), entry('new')];
        await expect(run.apply(list)).rejects.toMatchObject({
          ...{ code: 'database', message: expect.stringContaining('the disk is full') },
        });
      } finally {
        await rows(`drop trigger refuse on ${table}`);
        await run.end();
      }
      expect(await everything()).toEqual(before);
    },
  );
});

describe('without the lock nothing is written, on a Postgres server:', () => {
  let database: OpenDatabase;
  const rows = (statement: string) => rowsOf(database, statement);
  const everything = async () => (await rows(versions.join(' union all '))).map(({ v }) => v).sort();
  const killLock = () =>
    rows(`select pg_terminate_backend(pid, 5000) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`);

  /** Refuses a write of a VDN while no other session holds a run's two locks. */
  const watchLock = `
    create or replace function watch_lock() returns trigger language plpgsql as $$ begin
      if (select count(*) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
          and database = (select oid from pg_database where datname = current_database())) < 2
        then raise exception 'written without the lock'; end if;
      return new;
    end $$;
    create trigger watch before update on vdn for each row execute function watch_lock()`;

  beforeAll(async () => {
    database = await kinds['a Postgres server']();
  });
  afterAll(() => database.close());

  test.each(Object.entries(everyOutcome))('%s: the lock is taken again first', async (name, outcome) => {
    await applyInTurn(database, name, entries(6));
    const run = await beginRun(database, name);
    const record = { ...(await run.about()), ...(await outcome(run)) };
    await killLock();
    await rows(watchLock);
    try {
      await run.store.record(record);
    } finally {
      await rows('drop trigger watch on vdn');
    }
    await run.end();
  });

  test('nor where another run has taken it', async () => {
    await applyInTurn(database, 'taken', entries(6));
    const run = await beginRun(database, 'taken');
    const record = await run.changed(entries(4));
    await killLock();
    const other = await beginRun(database, 'taken');
    const before = await everything();
    await expect(run.store.record(record)).rejects.toMatchObject({ code: 'locked', exitCode: 75 });
    expect(await everything()).toEqual(before);
    await Promise.all([run.end(), other.end()]);
  });
});
