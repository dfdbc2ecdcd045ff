import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { recordHeld } from '../../../src/store/outcomes.ts';
import { unchangedRecorder } from '../../../src/store/unchanged.ts';
import { loadVdnStates, prepareVdns } from '../../../src/store/vdn-states.ts';
import { entries } from '../../unit/domain/pages.ts';
import { beginRun, kinds, rowsOf } from './opened.ts';

const vdnIds = [1, 2, 3, 4, 5, 6];

/** A run that has found all six VDNs of a source unchanged, with ten times their number as codes. */
async function foundUnchanged(database: OpenDatabase, source: string) {
  const run = await beginRun(database, source);
  const base = await run.write();
  await prepareVdns(database.db, source, vdnIds);
  const record = unchangedRecorder(database.db, base);
  const states = await loadVdnStates(database.db, source, vdnIds, undefined);
  const writes = states.map((state) => ({ ...base, vdnId: state.vdnId, state }));
  return { run, base, recordAll: () => writes.map((write) => record(write, write.vdnId * 10)) };
}

const outcomesOf = (source: string) =>
  `select vdn_id as id, code_count as codes, last_outcome as outcome from vdn where source = '${source}' order by 1`;
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
    const [instants] = await rowsOf(
      database,
      `select count(*)::int as all, count(*) filter (where first_verified_at = last_verified_at
         and last_attempt_at >= first_verified_at and last_run_id = ${run.runId})::int as right
       from vdn where source = 'together'`,
    );
    expect(instants).toEqual({ all: 6, right: 6 });
    await run.end();
  });

  test('one that was verified meanwhile is refused alone, and what was held of another is let go', async () => {
    const { run, base, recordAll } = await foundUnchanged(database, 'meanwhile');
    await rowsOf(
      database,
      `update vdn set last_verified_at = now(), last_outcome = 'changed' where source = 'meanwhile' and vdn_id = 3`,
    );
    await recordHeld(database.db, { ...base, vdnId: 5 }, (await run.compare(entries(1))).difference);
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
    await Promise.all(recorded.filter((_, index) => vdnIds[index] !== 2));
    expect(await rowsOf(database, outcomesOf('locked'))).toEqual(
      vdnIds.map((id) => (id === 2 ? { id, codes: 0, outcome: null } : noted(id))),
    );
    letGo.resolve();
    await Promise.all([somebody, ...recorded]);
    expect(await rowsOf(database, outcomesOf('locked'))).toEqual(vdnIds.map(noted));
    await run.end();
  } finally {
    await database.close();
  }
});
