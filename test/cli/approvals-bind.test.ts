import { expect, test } from 'vitest';
import { planOfAll } from '../../src/domain/diff.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

async function plansOf({ rows }: Pick<SyncSetup, 'rows'>): Promise<Record<string, string>> {
  const held = await rows('select vdn_id, plan from obs.held_change order by 1');
  return Object.fromEntries(held.map(({ vdn_id, plan }) => [String(vdn_id), String(plan)]));
}

/** VDNs with one list, of which some have lost half of it. */
async function heldSetup(vdnIds: readonly number[], held: readonly number[]) {
  const setup = await syncSetup({ vdns: [...vdnIds], codesPerVdn: 10 });
  const codes = setup.simulator.vdn(1).codes();
  for (const vdnId of vdnIds) setup.simulator.vdn(vdnId).replace(codes);
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  const halve = (vdnId: number) => setup.simulator.vdn(vdnId).edit((list) => list.slice(5));
  for (const vdnId of held) halve(vdnId);
  expect(await setup.sync()).toMatchObject({ exitCode: 4 });
  return { ...setup, halve };
}

test('an approval does not reach a VDN that was not held when the run began', async () => {
  const setup = await heldSetup([1, 2, 3], [1, 2]);
  const { '1': plan = '' } = await plansOf(setup);
  setup.halve(3);
  const result = await setup.sync('--approve', plan);
  expect(result.json()).toMatchObject({ exitCode: 4, vdns: { changed: 2, held: 1 } });
  expect(await plansOf(setup)).toEqual({ '3': plan });
  expect(await violations(setup.url)).toEqual([]);
});

test('nor one that is held under the same plan with another stored difference', async () => {
  const setup = await heldSetup([1, 2], [1, 2]);
  const { '1': plan = '' } = await plansOf(setup);
  await setup.rows(`update obs.held_change set difference = '[]' where vdn_id = 2`);
  const result = await setup.sync('--approve', plan);
  expect(result.json()).toMatchObject({ exitCode: 4, vdns: { changed: 1, held: 1 } });
  expect(Object.keys(await plansOf(setup))).toEqual(['2']);
});

test('approvals that cover one VDN twice have both matched', async () => {
  const setup = await heldSetup([1, 2], [1, 2]);
  const { '1': plan = '' } = await plansOf(setup);
  const all = planOfAll(
    'test',
    [1, 2].map((vdnId) => ({ vdnId, plan })),
  );
  const result = await setup.sync('--approve', plan, '--approve', all);
  expect(result.json()).toMatchObject({ exitCode: 0, vdns: { changed: 2 } });
});

test('one approval covers all that a source has held, and just that', async () => {
  const setup = await heldSetup([1, 2, 3, 4], [1, 2]);
  setup.simulator.vdn(2).edit((list) => list.slice(1));
  expect(await setup.sync()).toMatchObject({ exitCode: 4 });
  const status = (await call(['status', '--json'], setup.config)).json() as {
    heldSources: { source: string; vdns: number; plan: string }[];
  };
  expect(status.heldSources).toMatchObject([{ source: 'test', vdns: 2 }]);
  const plan = status.heldSources[0]?.plan ?? '';
  setup.halve(3);
  const dry = await setup.sync('--dry-run', '--approve', plan);
  expect(dry.json()).toMatchObject({ exitCode: 4, vdns: { changed: 2, held: 1 } });
  const result = await setup.sync('--approve', plan);
  expect(result.json()).toMatchObject({ exitCode: 4, vdns: { changed: 2, held: 1 } });
  expect(result.stderr).not.toContain('matched nothing');
  expect(Object.keys(await plansOf(setup))).toEqual(['3']);
  // What is held by then is something else.
  const again = await setup.sync('--approve', plan);
  expect(again.stderr).toContain(`the approval of ${plan} matched nothing`);
  expect(await violations(setup.url)).toEqual([]);
});

test('codes that go from many VDNs at once are held in all of them; what is approved does not count', async () => {
  const vdns = Array.from({ length: 40 }, (_, index) => index + 1);
  const setup = await syncSetup({ vdns, codesPerVdn: 20 });
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  for (const vdnId of vdns.slice(0, 30)) setup.simulator.vdn(vdnId).edit((list) => list.slice(2));
  const requests = setup.simulator.requests.total;
  const result = await setup.sync();
  expect(setup.simulator.requests.total - requests).toBe(40 + 30);
  const summary = result.json() as { outcomes: { reason: string; plan: string }[] };
  expect(summary).toMatchObject({ exitCode: 4, vdns: { held: 30, unchanged: 10 } });
  const [{ reason, plan } = { reason: '', plan: '' }] = summary.outcomes;
  expect(reason).toBe(
    'source test: 60 of 800 codes would be removed from 30 VDNs, more than the limit of 5 %',
  );
  expect(await setup.rows('select distinct reason from obs.held_change')).toEqual([{ reason }]);
  // Those that have been reverted, and the approved one, leave the sum below its limit.
  for (const vdnId of vdns.slice(10, 30)) setup.simulator.vdn(vdnId).reset();
  expect((await setup.sync('--approve', plan)).json()).toMatchObject({
    exitCode: 0,
    vdns: { held: 0, changed: 10, unchanged: 30 },
  });
  expect(await violations(setup.url)).toEqual([]);
}, 90_000);

test('an emptied list is held also where the rows of vdn are gone, as after a partial restore', async () => {
  const setup = await syncSetup({ vdns: [1, 2], codesPerVdn: 10 });
  await setup.sync();
  await setup.rows('delete from obs.vdn');
  setup.simulator.vdn(1).replace([]);
  expect((await setup.sync()).json()).toMatchObject({ exitCode: 4, vdns: { held: 1, unchanged: 1 } });
});

test('a source whose server or locale has changed is a warning, and part of the reason', async () => {
  const setup = await syncSetup({ vdns: [1], codesPerVdn: 10, source: { locale: 'zh_CN' } });
  await setup.sync();
  const english = await syncSetup({
    ...{ vdns: [1], codesPerVdn: 10, source: { locale: 'en_US', baseUrl: setup.simulator.baseUrl } },
    databaseUrl: setup.url,
  });
  const result = await english.sync();
  const change = 'the locale was zh_CN and is en_US';
  expect(result.stderr).toContain(`source test has changed since its last run: ${change}`);
  expect(result.json()).toMatchObject({
    exitCode: 4,
    outcomes: [{ reason: `10 of 10 descriptions would change, more than the limit of 50 %; ${change}` }],
  });
  // The next run knows this language; the reason stays the one of the night on which it was held.
  const next = await english.sync();
  expect(next.stderr).not.toContain('has changed since its last run');
  expect(next.json()).toMatchObject({ outcomes: [{ reason: expect.stringContaining(change) }] });
});

test('VDNs that leave the configuration are one warning; a run over a part of them does not mention the others', async () => {
  const setup = await syncSetup({ vdns: ['1-5'] });
  await setup.sync();
  const fewer = await syncSetup({
    ...{ vdns: [1], source: { baseUrl: setup.simulator.baseUrl }, databaseUrl: setup.url },
  });
  expect((await fewer.sync('--vdn', '1')).json()).toMatchObject({ vdns: { unconfigured: 0 } });
  for (const unconfigured of [4, 0]) {
    const result = await fewer.sync();
    expect(result.json()).toMatchObject({ exitCode: 0, vdns: { total: 1, unconfigured } });
    if (unconfigured > 0)
      expect(result.stderr).toContain('4 VDNs of source test have left the configuration: 2-5');
    else expect(result.stderr).not.toContain('have left the configuration');
  }
});
