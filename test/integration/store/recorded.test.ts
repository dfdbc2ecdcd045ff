import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planOf } from '../../../src/domain/diff.ts';
import { VdnError } from '../../../src/errors.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { openRunStore } from '../../../src/store/run-store.ts';
import { entries } from '../../unit/domain/pages.ts';
import { applyInTurn, beginRun, kinds, quiet, rowsOf, scopeOf } from './opened.ts';

const hourMs = 3_600_000;

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  const rows = (statement: string) => rowsOf(database, statement);
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('recording twice has the effect of once, as after a commit whose answer was lost', async () => {
    const run = await beginRun(database, 'failing');
    const failure = { outcome: 'failed', error: new VdnError('network', 'gone.') } as const;
    const record = { ...(await run.about()), ...failure };
    for (let time = 0; time < 2; time++) await run.store.record(record);
    expect(await rows(`select consecutive_failures from vdn where source = 'failing'`)).toEqual([
      { consecutive_failures: 1 },
    ]);
    await run.store.skip('failing', [1], 'interrupted', 'late.');
    expect(await rows(`select outcome from sync_run_vdn where run_id = ${run.runId}`)).toEqual([
      { outcome: 'failed' },
    ]);
    await run.end();
  });

  test('a held difference keeps since when and why it is held, until it is another or the list is verified', async () => {
    await applyInTurn(database, 'held', entries(6));
    const hold = async (list: number, reason: string) => {
      const run = await beginRun(database, 'held');
      const { difference } = await run.compare(entries(list));
      const plan = planOf('held', difference);
      await run.store.record({ ...(await run.about()), outcome: 'held', difference, plan, reason });
      expect(await run.store.states('held', hourMs)).toMatchObject([{ fresh: false, held: { plan } }]);
      expect(await run.store.holds('held', 1, difference.changes)).toBe(true);
      expect(await run.store.holds('held', 1, difference.changes.slice(1))).toBe(false);
      await run.end();
      const [row] = await rows(`select run_id, reason, held_since::text as since from held_change`);
      return { ...row, is: run.runId };
    };
    const first = await hold(1, 'too much');
    expect(first).toMatchObject({ run_id: first.is, reason: 'too much' });
    expect(await hold(1, 'said otherwise')).toMatchObject({ ...first, is: expect.anything() });
    const other = await hold(2, 'another');
    expect(other).toMatchObject({ run_id: other.is, reason: 'another' });
    const run = await beginRun(database, 'held');
    await run.store.record({ ...(await run.about()), outcome: 'unchanged', codeCount: 6 });
    await run.end();
    expect(await rows('select from held_change')).toEqual([]);
    const after = await beginRun(database, 'held');
    expect(await after.store.states('held', hourMs)).toMatchObject([{ fresh: true, held: undefined }]);
    await after.end();
  });

  test('a verification in the future is not fresh', async () => {
    await applyInTurn(database, 'future', entries(1));
    await rows(`update vdn set last_verified_at = now() + interval '1 minute' where source = 'future'`);
    const run = await beginRun(database, 'future');
    expect(await run.store.states('future', hourMs)).toMatchObject([{ fresh: false }]);
    await run.end();
  });

  test('of a killed run, fresh VDNs are not told as skipped', async () => {
    const killed = await beginRun(database, 'killed', 1, [1, 2, 3, 4]);
    for (const _ of ['a source', 'another']) await killed.store.fresh(1);
    await killed.store.record({ ...(await killed.about()), outcome: 'unchanged', codeCount: 6 });
    await killed.store.close();
    await (await beginRun(database, 'killed', 1, [1, 2, 3, 4])).end();
    expect(
      await rows(
        `select status, vdns_total, vdns_unchanged, vdns_fresh, vdns_skipped from sync_run where run_id = ${killed.runId}`,
      ),
    ).toEqual([{ status: 'interrupted', vdns_total: 4, vdns_unchanged: 1, vdns_fresh: 2, vdns_skipped: 1 }]);
  });

  test('a run whose row was deleted meanwhile ends as it would have', async () => {
    const run = await beginRun(database, 'deleted');
    await rows(`delete from sync_run where run_id = ${run.runId}`);
    const none = { unchanged: 0, changed: 0, failed: 0, held: 0, skipped: 0, fresh: 0 };
    const result = {
      ...({ status: 'succeeded', exitCode: 0, error: null } as const),
      ...{ requests: 0, durationMs: 7 },
      vdns: { ...none, unchanged: 1, total: 1, unconfigured: 0 },
      codes: { added: 0, changed: 0, removed: 0, returned: 0 },
    };
    expect(await run.store.finish(result)).toEqual(result);
    await run.end();
  });

  test('VDNs that have left the configuration are found once, and only by a run over all of them', async () => {
    const begin = async (vdnIds: number[], marksUnconfigured: boolean, dryRun = false) => {
      const scope = { ...scopeOf('leaving', vdnIds), marksUnconfigured, dryRun };
      const store = await openRunStore(database, scope, new AbortController().signal, quiet);
      const unconfigured = store.news.get('leaving')?.unconfigured;
      await store.close();
      return unconfigured;
    };
    expect(await begin([1, 2, 3], true)).toEqual([]);
    expect(await begin([1], false)).toEqual([]);
    // A run whose own row could not be written has marked none.
    await rows(
      `create function broken() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`,
    );
    await rows('create trigger broken after update on source execute function broken()');
    await expect(begin([1], true)).rejects.toThrow(/broken/);
    await rows('drop trigger broken on source');
    for (const dryRun of [true, false]) expect(await begin([1], true, dryRun)).toEqual([2, 3]);
    expect(await begin([1], true)).toEqual([]);
    expect(await rows(`select vdns_unconfigured as gone from sync_run where vdns_unconfigured > 0`)).toEqual([
      { gone: 2 },
    ]);
    expect(await rows(`select server, locale from source where source = 'leaving'`)).toEqual([
      { server: 'cc.example.com:28443', locale: 'en_US' },
    ]);
  });
});
