import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredCode } from '../../../src/domain/diff.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { storedCodes } from '../../../src/store/run-reader.ts';
import { entries, entry } from '../../unit/domain/pages.ts';
import { beginRun, kinds, rowsOf } from './opened.ts';

const vdnIds = [1, 2, 3, 4, 5, 6];

/** A run that has found all six VDNs of a source unchanged, with ten times their number as codes; one was verified before. */
async function foundUnchanged(database: OpenDatabase, source: string) {
  const first = await beginRun(database, source);
  await first.apply(entries(3));
  await first.end();
  const run = await beginRun(database, source, 1, vdnIds);
  const about = await run.about();
  const states = await run.store.states(source, undefined);
  const vdns = states.map(({ vdnId, lastVerifiedAt }) => ({ ...about, vdnId, lastVerifiedAt }));
  const recordAll = () =>
    vdns.map((vdn) => run.store.record({ ...vdn, outcome: 'unchanged', codeCount: vdn.vdnId * 10 }));
  return { run, recordAll };
}

const outcomesOf = (source: string) =>
  `select vdn_id as id, code_count as codes, last_outcome as outcome from vdn where source = '${source}' order by 1`;
const shown = (codes: readonly StoredCode[]) =>
  codes
    .map(({ obsCode, obsCodeDesc, removed }) => `${obsCode} ${obsCodeDesc}${removed ? ', removed' : ''}`)
    .toSorted();
const noted = (id: number) => ({ id, codes: id * 10, outcome: 'unchanged' });

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('unchanged VDNs that are recorded together are each recorded as their own', async () => {
    const { run, recordAll } = await foundUnchanged(database, 'together');
    await Promise.all(recordAll());
    expect(await rowsOf(database, outcomesOf('together'))).toEqual(vdnIds.map(noted));
    const instants = await rowsOf(
      database,
      `select distinct last_attempt_at = last_verified_at as once, last_run_id as run,
         first_verified_at < last_verified_at as earlier, count(*) over (partition by last_verified_at)::int as together
       from vdn where source = 'together' order by earlier`,
    );
    expect(instants).toEqual(
      [false, true].map((earlier) => ({ once: true, run: run.runId, earlier, together: 6 })),
    );
    await run.end();
  });

  test('one that was verified meanwhile is refused alone, and what was held of another is released', async () => {
    const { run, recordAll } = await foundUnchanged(database, 'meanwhile');
    await rowsOf(
      database,
      `update vdn set last_verified_at = now(), last_outcome = 'changed' where source = 'meanwhile' and vdn_id = 3`,
    );
    await rowsOf(
      database,
      `insert into held_change (source, vdn_id, plan, held_since, run_id, difference, reason)
       values ('meanwhile', 5, '0123456789abcdef', now(), 1, '[]', 'too much')`,
    );
    const results = await Promise.allSettled(recordAll());
    expect(results.map((one) => (one.status === 'rejected' ? one.reason.code : 'noted'))).toEqual(
      vdnIds.map((id) => (id === 3 ? 'stale-snapshot' : 'noted')),
    );
    expect(await rowsOf(database, outcomesOf('meanwhile'))).toEqual(
      vdnIds.map((id) => (id === 3 ? { id, codes: 0, outcome: 'changed' } : noted(id))),
    );
    expect(await rowsOf(database, `select from held_change where source = 'meanwhile'`)).toEqual([]);
    await run.end();
  });

  test('one that cannot be written fails alone', async () => {
    const { run, recordAll } = await foundUnchanged(database, 'refused');
    await rowsOf(
      database,
      `create function refuse_second() returns trigger language plpgsql as $$
       begin if new.vdn_id = 2 then raise exception 'not this one'; end if; return new; end $$`,
    );
    await rowsOf(
      database,
      'create trigger refuse before update on vdn for each row execute function refuse_second()',
    );
    try {
      const results = await Promise.allSettled(recordAll());
      expect(results.map((one) => (one.status === 'rejected' ? String(one.reason) : 'noted'))).toEqual(
        vdnIds.map((id) => (id === 2 ? expect.stringContaining('not this one') : 'noted')),
      );
    } finally {
      await rowsOf(database, 'drop trigger refuse on vdn');
      await run.end();
    }
    expect(await rowsOf(database, outcomesOf('refused'))).toEqual(
      vdnIds.map((id) => (id === 2 ? { id, codes: 0, outcome: null } : noted(id))),
    );
  });

  test('codes that are read together are of each VDN its own, removed ones among them', async () => {
    const lists = [
      [1, [entry('A', 'a'), entry('B', 'of old')]],
      [1, [entry('B', 'b')]],
      [3, [entry('A', 'another')]],
    ] as const;
    for (const [vdnId, list] of lists) {
      const run = await beginRun(database, 'codes', vdnId);
      await run.apply(list);
      await run.end();
    }
    const codes = await storedCodes(
      database.db,
      [3, 7, 1, 2].map((vdnId) => ({ source: 'codes', vdnId })),
    );
    expect(codes.map(shown)).toEqual([['A another'], [], ['A a, removed', 'B b'], []]);
  });
});

test('a VDN whose row another session has locked waits alone', async () => {
  const database = await kinds['a Postgres server']();
  try {
    const { run, recordAll } = await foundUnchanged(database, 'locked');
    const letGo = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const other = database.db.transaction().execute(async (trx) => {
      await trx.selectFrom('vdn').where('vdn_id', '=', 2).select('vdn_id').forUpdate().execute();
      locked.resolve();
      await letGo.promise;
    });
    await locked.promise;
    const recorded = recordAll();
    try {
      await Promise.all(recorded.filter((_, index) => vdnIds[index] !== 2));
      expect(await rowsOf(database, outcomesOf('locked'))).toEqual(
        vdnIds.map((id) => (id === 2 ? { id, codes: 0, outcome: null } : noted(id))),
      );
    } finally {
      letGo.resolve();
      await Promise.allSettled([other, ...recorded]);
    }
    await Promise.all(recorded);
    expect(await rowsOf(database, outcomesOf('locked'))).toEqual(vdnIds.map(noted));
    await run.end();
  } finally {
    await database.close();
  }
});
