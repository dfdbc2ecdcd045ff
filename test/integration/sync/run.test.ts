import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/index.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { sourceOf } from '../../support/source.ts';
import { kinds, rowsOf } from '../store/opened.ts';
import { sync } from './engine.ts';

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  let simulator: Simulator;
  const rows = (statement: string) => rowsOf(database, statement);
  const source = (...vdns: number[]) => sourceOf(simulator.baseUrl, vdns);
  const versionsOf = async (table: string, where = 'true') =>
    (await rows(`select ctid::text || ' ' || xmin::text as version from ${table} where ${where}`))
      .map(({ version }) => version)
      .sort();
  const everything = async () =>
    Object.fromEntries(
      await Promise.all(
        ['result_code', 'result_code_history', 'vdn', 'held_change', 'sync_run', 'sync_run_vdn'].map(
          async (table) => [table, await versionsOf(table)] as const,
        ),
      ),
    );

  beforeAll(async () => {
    database = await open();
    simulator = await startSimulator({ codesPerVdn: 120 });
  });
  afterAll(async () => {
    await simulator.close();
    await database.close();
  });

  test('the first run writes every list as it is', async () => {
    const summary = await sync(database, [source(1, 25, 9999)]);
    expect(summary).toMatchObject({
      ...{ status: 'succeeded', exitCode: 0, error: null, dryRun: false, requests: 9 },
      vdns: { total: 3, unchanged: 0, changed: 3, failed: 0, held: 0, skipped: 0, fresh: 0 },
      codes: { added: 360, changed: 0, removed: 0, returned: 0 },
    });
    for (const vdnId of [1, 25, 9999]) {
      const stored = await rows(`
        select obs_code as "obsCode", obs_code_desc as "obsCodeDesc" from active_result_code where vdn_id = ${vdnId}`);
      const byCode = (a: { obsCode?: unknown }, b: { obsCode?: unknown }) =>
        String(a.obsCode) < String(b.obsCode) ? -1 : 1;
      expect(stored.toSorted(byCode)).toEqual(simulator.vdn(vdnId).list('en_US').toSorted(byCode));
    }
    const kinds = await rows(`select kind, count(*)::integer as codes from code_change group by kind`);
    expect(kinds).toEqual([{ kind: 'initial', codes: 360 }]);
  });

  test('a run without changes writes one row of each VDN and none of the codes', async () => {
    const before = await everything();
    const summary = await sync(database, [source(1, 25, 9999)]);
    expect(summary).toMatchObject({ exitCode: 0, vdns: { unchanged: 3 }, requests: 9, outcomes: [] });
    const after = await everything();
    expect(after.result_code).toEqual(before.result_code);
    expect(after.result_code_history).toEqual(before.result_code_history);
    expect(after.sync_run_vdn).toEqual(before.sync_run_vdn);
    expect(after.held_change).toEqual([]);
    expect(after.vdn).toHaveLength(3);
    expect(after.vdn?.filter((version) => before.vdn?.includes(version))).toEqual([]);
    expect(after.sync_run).toHaveLength(2);
    expect(await rows('select distinct last_outcome, last_run_id from vdn')).toEqual([
      { last_outcome: 'unchanged', last_run_id: summary.runId },
    ]);
  });

  test('exactly what changed at the source is written', async () => {
    const vdn = simulator.vdn(25);
    vdn.add('00999', 'Brand new.');
    vdn.remove('00602');
    vdn.change('00604', 'Declined.');
    vdn.change('00603', null);
    const before = await everything();
    const summary = await sync(database, [source(1, 25, 9999)]);
    // Three pages, twice, since a code is to be removed.
    expect(summary).toMatchObject({ exitCode: 0, codes: { added: 1, changed: 2, removed: 1 }, requests: 12 });
    expect(summary.outcomes).toEqual([
      {
        ...{ source: 'prod', vdnId: 25, outcome: 'changed', requests: 6 },
        codes: { added: 1, changed: 2, removed: 1, returned: 0 },
      },
    ]);
    const after = await everything();
    const written = (table: string) => after[table]?.filter((version) => !before[table]?.includes(version));
    expect(written('result_code')).toHaveLength(4);
    // Three versions ended, three begun.
    expect(written('result_code_history')).toHaveLength(6);
    const changes = await rows(`
      select kind, obs_code, old_desc, new_desc from code_change where kind <> 'initial' order by obs_code`);
    expect(changes).toEqual([
      {
        kind: 'removed',
        obs_code: '00602',
        old_desc: 'No resource available on the ACD.',
        new_desc: null,
      },
      {
        ...{ kind: 'changed', obs_code: '00603', new_desc: null },
        old_desc: 'The called party does not answer the call.',
      },
      { kind: 'changed', obs_code: '00604', old_desc: 'The call is rejected.', new_desc: 'Declined.' },
      { kind: 'added', obs_code: '00999', old_desc: null, new_desc: 'Brand new.' },
    ]);
  });

  test('a dry run shows the difference and writes nothing', async () => {
    simulator.vdn(1).change('00605', 'Engaged.');
    simulator.vdn(25).add('00602', 'Back again.');
    const before = await everything();
    const summary = await sync(database, [source(1, 25, 26)], { dryRun: true });
    expect(summary).toMatchObject({
      runId: null,
      dryRun: true,
      exitCode: 0,
      codes: { added: 120, changed: 1, returned: 1 },
    });
    expect(summary.outcomes).toMatchObject([
      {
        vdnId: 1,
        changes: [{ kind: 'changed', obsCode: '00605', before: 'The switch is busy.', after: 'Engaged.' }],
      },
      {
        vdnId: 25,
        changes: [
          {
            ...{ kind: 'returned', obsCode: '00602', after: 'Back again.' },
            before: 'No resource available on the ACD.',
          },
        ],
      },
      { vdnId: 26, changes: { length: 120 } },
    ]);
    expect(await everything()).toEqual(before);
  });

  test('a run over some of the VDNs does not touch the others', async () => {
    const others = `vdn_id <> 1`;
    const before = [await versionsOf('vdn', others), await versionsOf('result_code', others)];
    const one = source(1, 25, 9999);
    expect(await sync(database, [one], { selection: [{ source: one, vdnIds: [1] }] })).toMatchObject({
      vdns: { total: 1, changed: 1 },
    });
    expect([await versionsOf('vdn', others), await versionsOf('result_code', others)]).toEqual(before);
  });

  test('a VDN that is no longer configured keeps its codes and is marked, until it is configured again', async () => {
    const configured = async () =>
      (await rows('select vdn_id from vdn where configured order by vdn_id')).map((row) => row.vdn_id);
    const codes = await versionsOf('result_code', 'vdn_id = 9999');
    await sync(database, [source(1, 25)]);
    expect(await configured()).toEqual([1, 25]);
    expect(await versionsOf('result_code', 'vdn_id = 9999')).toEqual(codes);
    const marked = await versionsOf('vdn', 'vdn_id = 9999');
    await sync(database, [source(1, 25)]);
    expect(await versionsOf('vdn', 'vdn_id = 9999')).toEqual(marked);
    expect(await sync(database, [source(1, 25, 9999)])).toMatchObject({ vdns: { unchanged: 3 } });
    expect(await configured()).toEqual([1, 25, 9999]);
  });

  test('sources are kept apart, also where they have the same VDN', async () => {
    const other = sourceOf(simulator.baseUrl, [1], { name: 'other', locale: 'zh_CN' });
    const before = await versionsOf('result_code', `source = 'prod'`);
    expect(await sync(database, [other])).toMatchObject({ codes: { added: 120 } });
    expect(await versionsOf('result_code', `source = 'prod'`)).toEqual(before);
    expect(
      await rows(`select count(*)::integer as prod from vdn where source = 'prod' and configured`),
    ).toEqual([{ prod: 3 }]);
  });

  test('a failing VDN keeps what is stored, and says since when and why', async () => {
    simulator.vdn(1).fault({ kind: 'failure', resultCode: '02000007', resultDesc: 'vdnId' });
    const codes = await versionsOf('result_code');
    for (const round of [1, 2]) {
      expect(await sync(database, [source(1, 25)])).toMatchObject({
        exitCode: 3,
        vdns: { failed: 1, unchanged: 1 },
      });
      expect(
        await rows(`select last_outcome, consecutive_failures as failures, last_error_code, last_error_message,
          failing_since is not null as failing, last_verified_at < last_attempt_at as kept from vdn where source = 'prod' and vdn_id = 1`),
      ).toEqual([
        {
          ...{
            last_outcome: 'failed',
            failures: round,
            last_error_code: 'isales-error',
            failing: true,
            kept: true,
          },
          last_error_message: expect.stringContaining('wrong parameter value'),
        },
      ]);
    }
    expect(await versionsOf('result_code')).toEqual(codes);
    simulator.vdn(1).clearFaults();
    await sync(database, [source(1, 25)]);
    expect(
      await rows(`select last_outcome, consecutive_failures as failures, last_error_code, failing_since from vdn
        where source = 'prod' and vdn_id = 1`),
    ).toEqual([{ last_outcome: 'unchanged', failures: 0, last_error_code: null, failing_since: null }]);
  });
});
