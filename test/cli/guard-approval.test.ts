import { describe, expect, test } from 'vitest';
import type { SimulatedVdn } from '../../src/simulator/index.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

const half = (vdn: SimulatedVdn) => vdn.edit((codes) => codes.slice(5));

describe('an approval', () => {
  test('applies that difference in every VDN that has it, and no other; the run log knows', async () => {
    const setup = await syncSetup({ sources: ['one', 'two'], vdns: ['1-4'] });
    const { simulator, sync, url, rows } = setup;
    const codes = simulator.vdn(1).codes();
    for (const vdnId of [2, 3, 4]) simulator.vdn(vdnId).replace(codes);
    await sync();
    for (const vdnId of [1, 2, 4]) half(simulator.vdn(vdnId));
    // Nearly the same difference: one code also has a new description.
    half(simulator.vdn(3));
    simulator.vdn(3).change(codes.at(-1)?.obsCode ?? '', 'Another text.');
    expect((await sync()).json()).toMatchObject({ exitCode: 4, vdns: { held: 8 } });

    const plans = await heldPlans(setup);
    expect(plans['one/1']).toBe(plans['one/2']);
    expect(new Set(Object.values(plans)).size).toBe(4);
    const approved = await sync('--approve', plans['one/1'] ?? '');
    expect(approved.json()).toMatchObject({
      exitCode: 4,
      vdns: { changed: 3, held: 5 },
      codes: { removed: 15 },
    });
    expect(approved.stderr).not.toContain('matched nothing');
    expect(
      await rows(`select source, vdn_id from obs.sync_run_vdn where run_id = 3 and approved order by 1, 2`),
    ).toEqual([1, 2, 4].map((vdn_id) => ({ source: 'one', vdn_id })));
    expect(
      await rows(`select plan from obs.sync_run_vdn where run_id = 3 and approved group by plan`),
    ).toEqual([{ plan: plans['one/1'] }]);
    expect(await rows(`select arguments from obs.sync_run where run_id = 3`)).toEqual([
      { arguments: expect.stringContaining(`--approve ${plans['one/1']}`) },
    ]);
    // The rest waits as before.
    const { 'one/1': _1, 'one/2': _2, 'one/4': _4, ...rest } = plans;
    expect(await heldPlans(setup)).toEqual(rest);

    const both = await sync('--approve', plans['one/3'] ?? '', '--approve', plans['two/1'] ?? '');
    expect(both.json()).toMatchObject({ exitCode: 4, vdns: { unchanged: 3, changed: 4, held: 1 } });
    expect(await heldPlans(setup)).toEqual({ 'two/3': plans['two/3'] });
    expect(await violations(url)).toEqual([]);
  });

  test('does not cover what the source has become meanwhile: that is held under its new plan', async () => {
    const setup = await syncSetup({ vdns: [1] });
    const { simulator, sync, url, rows } = setup;
    await sync();
    half(simulator.vdn(1));
    await sync();
    const { 'test/1': old = '' } = await heldPlans(setup);
    const since = await rows('select held_since::text from obs.held_change');
    simulator.vdn(1).edit((codes) => codes.slice(1));
    const stored = await rowVersions(url, codeTables);

    const late = await sync('--approve', old);
    expect(late.json()).toMatchObject({ exitCode: 4, vdns: { held: 1 } });
    expect(warnings(late.stderr)).toContainEqual(
      expect.stringContaining(`approval of ${old} matched nothing`),
    );
    const { 'test/1': fresh = '' } = await heldPlans(setup);
    expect(fresh).not.toBe(old);
    // Another plan is held since it was first seen.
    expect(await rows('select held_since::text from obs.held_change')).not.toEqual(since);
    expect(await rowVersions(url, codeTables)).toEqual(stored);
    expect((await sync('--approve', fresh)).json()).toMatchObject({ exitCode: 0, codes: { removed: 6 } });
    expect(await violations(url)).toEqual([]);
  });

  test('without a match is a warning, and exit code 4', async () => {
    const { sync, simulator } = await syncSetup({ vdns: [1] });
    const result = await sync('--approve', '0123456789abcdef');
    expect(result.json()).toMatchObject({ exitCode: 4, status: 'partial', vdns: { changed: 1 } });
    expect(warnings(result.stderr)).toEqual([
      expect.stringContaining('approval of 0123456789abcdef matched nothing'),
    ]);
    simulator.vdn(1).fault({ kind: 'failure', resultCode: '0200001' });
    expect(await sync('--approve', '0123456789abcdef')).toMatchObject({ exitCode: 5 });
  });

  test('that is not a plan is refused before anything is contacted', async () => {
    const { sync, simulator } = await syncSetup({ vdns: [1] });
    for (const mistyped of ['0123456789ab', '0123456789ABCDEF', 'all']) {
      expect(await sync('--approve', mistyped)).toMatchObject({ exitCode: 2 });
    }
    expect(simulator.requests.total).toBe(0);
  });
});

describe('what is no longer held leaves held_change:', () => {
  async function held() {
    const setup = await syncSetup({ vdns: [1, 2] });
    await setup.sync();
    half(setup.simulator.vdn(1));
    expect(await setup.sync()).toMatchObject({ exitCode: 4 });
    expect(Object.keys(await heldPlans(setup))).toEqual(['test/1']);
    return setup;
  }

  test('the source reverts it', async () => {
    const setup = await held();
    const stored = await rowVersions(setup.url, codeTables);
    setup.simulator.vdn(1).reset();
    expect((await setup.sync()).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 2 } });
    expect(await heldPlans(setup)).toEqual({});
    expect(await rowVersions(setup.url, codeTables)).toEqual(stored);
    expect(await violations(setup.url)).toEqual([]);
  });

  test('the source reverts so much that the rest is no longer suspicious', async () => {
    const setup = await held();
    setup.simulator.vdn(1).reset();
    setup.simulator.vdn(1).remove('00605');
    expect((await setup.sync()).json()).toMatchObject({ exitCode: 0, codes: { removed: 1 } });
    expect(await heldPlans(setup)).toEqual({});
    expect(await violations(setup.url)).toEqual([]);
  });

  test('but a read that fails decides nothing', async () => {
    const setup = await held();
    const plans = await heldPlans(setup);
    setup.simulator.vdn(1).fault({ kind: 'failure', resultCode: '0200001' });
    expect(await setup.sync('--approve', plans['test/1'] ?? '')).toMatchObject({ exitCode: 3 });
    expect(await heldPlans(setup)).toEqual(plans);
    const { vdns } = (await call(['status', '--json'], setup.config)).json() as { vdns: unknown };
    expect(vdns).toEqual({ configured: 2, stale: 0, failing: 1, held: 1 });
    setup.simulator.vdn(1).clearFaults();
    expect(await setup.sync('--approve', plans['test/1'] ?? '')).toMatchObject({ exitCode: 0 });
    expect(await heldPlans(setup)).toEqual({});
    expect(await violations(setup.url)).toEqual([]);
  });
});

/** The plan of each held VDN, by `source/vdn`. */
async function heldPlans({ rows }: Pick<SyncSetup, 'rows'>): Promise<Record<string, string>> {
  const held = await rows('select source, vdn_id, plan from obs.held_change order by 1, 2');
  return Object.fromEntries(held.map(({ source, vdn_id, plan }) => [`${source}/${vdn_id}`, String(plan)]));
}

/** Messages of warnings in a JSON log, apart from those about held VDNs. */
function warnings(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { level: string; msg: string; outcome?: string })
    .filter(({ level, outcome }) => level === 'warn' && outcome === undefined)
    .map(({ msg }) => msg);
}
