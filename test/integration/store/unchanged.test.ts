import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredCode } from '../../../src/domain/diff.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { recordHeld } from '../../../src/store/outcomes.ts';
import { storedCodesOfEach } from '../../../src/store/stored-codes.ts';
import { unchangedRecorder } from '../../../src/store/unchanged.ts';
import { loadVdnStates, prepareVdns } from '../../../src/store/vdn-states.ts';
import { entries, entry } from '../../unit/domain/pages.ts';
import { beginRun, kinds, rowsOf } from './opened.ts';

const vdnIds = [1, 2, 3, 4, 5, 6];

/** A run that has found all six VDNs of a source unchanged, with ten times their number as codes; one was verified before. */
async function foundUnchanged(database: OpenDatabase, source: string) {
  const run = await beginRun(database, source);
  await run.apply(entries(3));
  const base = await run.write();
  await prepareVdns(database.db, source, vdnIds);
  const record = unchangedRecorder(database.db, base);
  const states = await loadVdnStates(database.db, source, vdnIds, undefined);
  const writes = states.map((state) => ({ ...base, vdnId: state.vdnId, state }));
  return { run, writes, recordAll: () => writes.map((write) => record(write, write.vdnId * 10)) };
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

  test('VDNs that are noted together are each noted as themselves', async () => {
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

  test('one that was verified meanwhile is refused alone, and what was held of another is let go', async () => {
    const { run, writes, recordAll } = await foundUnchanged(database, 'meanwhile');
    await rowsOf(
      database,
      `update vdn set last_verified_at = now(), last_outcome = 'changed' where source = 'meanwhile' and vdn_id = 3`,
    );
    const held = writes.find(({ vdnId }) => vdnId === 5) ?? (await run.write());
    await recordHeld(database.db, held, (await run.compare(entries(1))).difference, 'too much');
    const settled = await Promise.allSettled(recordAll());
    expect(settled.map((one) => (one.status === 'rejected' ? one.reason.code : 'noted'))).toEqual(
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
      const settled = await Promise.allSettled(recordAll());
      expect(settled.map((one) => (one.status === 'rejected' ? String(one.reason) : 'noted'))).toEqual(
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
    const codes = await storedCodesOfEach(database.db, 'codes', [3, 7, 1, 2]);
    expect(codes.map(shown)).toEqual([['A another'], [], ['A a, removed', 'B b'], []]);
  });
});

test('a VDN whose row somebody has locked waits alone', async () => {
  const database = await kinds['a Postgres server']();
  try {
    const { run, recordAll } = await foundUnchanged(database, 'locked');
    const letGo = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const somebody = database.db.transaction().execute(async (trx) => {
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
      await Promise.allSettled([somebody, ...recorded]);
    }
    await Promise.all(recorded);
    expect(await rowsOf(database, outcomesOf('locked'))).toEqual(vdnIds.map(noted));
    await run.end();
  } finally {
    await database.close();
  }
});
