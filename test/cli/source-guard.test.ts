import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/sync/summary.ts';
import { call } from '../support/in-process.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

const vdns = 60;
const shared = 20;
const own = 2;
const everyVdn = Array.from({ length: vdns }, (_, index) => index + 1);

/** VDNs whose lists are alike but for two codes each, synced once. */
async function alikeLists(): Promise<SyncSetup> {
  const setup = await syncSetup({ vdns: [`1-${vdns}`] });
  for (const vdnId of everyVdn) {
    const codes = [
      ...Array.from({ length: shared }, (_, index) => `${10_000 + index}`),
      ...Array.from({ length: own }, (_, index) => `${vdnId}-${index}`),
    ];
    setup.simulator.vdn(vdnId).replace(codes.map((obsCode) => ({ obsCode, obsCodeDesc: null })));
  }
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  return setup;
}

const removedCodes = `select obs_code from obs.result_code where removed_at is not null`;

describe('a source whose VDNs lose a few codes each', () => {
  test('is held where the server answers with one list for every VDN, and nothing is removed', async () => {
    const { simulator, sync, rows } = await alikeLists();
    simulator.fault({ kind: 'one-list', vdnId: 1 });
    const faulty = await sync();
    const { codes, outcomes, vdns: counts } = faulty.json() as RunSummary;
    expect(faulty.exitCode).toBe(4);
    expect(counts).toMatchObject({ unchanged: 1, held: vdns - 1 });
    expect(codes).toEqual({ added: 0, changed: 0, removed: 0, returned: 0 });
    const reason = `source test: ${(vdns - 1) * own} of ${vdns * (shared + own)} codes would be removed from ${vdns - 1} VDNs, more than the limit of 5 %`;
    expect(new Set(outcomes.map((outcome) => outcome.reason))).toEqual(new Set([reason]));
    expect(await rows(removedCodes)).toEqual([]);
    expect(await rows(`select distinct reason from obs.held_change`)).toEqual([{ reason }]);

    simulator.clearFaults();
    expect(await sync()).toMatchObject({ exitCode: 0 });
    expect(await rows(`select from obs.held_change`)).toEqual([]);
  });

  test('is held where they are really gone, and one approval lets all of them through', async () => {
    const { simulator, sync, rows, config } = await alikeLists();
    for (const vdnId of everyVdn) simulator.vdn(vdnId).edit((codes) => codes.slice(0, shared));
    expect(await sync()).toMatchObject({ exitCode: 4 });
    const status = (await call(['status', '--json'], config)).json() as {
      heldSources: { plan: string }[];
    };
    const plan = status.heldSources[0]?.plan ?? '';
    const approved = await sync('--approve', plan);
    expect(approved).toMatchObject({ exitCode: 0 });
    expect((approved.json() as RunSummary).codes.removed).toBe(vdns * own);
    expect(await rows(removedCodes)).toHaveLength(vdns * own);
  });
});

test('a list that loses codes is confirmed after every other VDN was read, by pages of another size', async () => {
  const { simulator, sync } = await syncSetup({ vdns: ['1-5'], source: { concurrency: 1 } });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  for (const vdnId of [1, 3]) simulator.vdn(vdnId).edit((codes) => codes.slice(1));
  simulator.requests.reset();
  expect(await sync()).toMatchObject({ exitCode: 0 });
  const asked = simulator.requests.entries().map(({ vdnId, pageSize }) => [vdnId, pageSize]);
  const first = asked.slice(0, 5);
  expect(new Set(first.map(([vdnId]) => vdnId))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(new Set(first.map(([, pageSize]) => pageSize))).toEqual(new Set([50]));
  expect(new Set(asked.slice(5).map(String))).toEqual(new Set(['1,49', '3,49']));
  expect(asked).toHaveLength(7);
});
