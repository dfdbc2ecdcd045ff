import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/index.ts';
import type { RunSummary } from '../../src/sync/summary.ts';
import { syncSetup } from '../support/sync-setup.ts';

/** Faults that repeat, so that two equal reads agree on them. */
const faults: readonly Fault[] = [
  { kind: 'nodes', by: 'turns' },
  { kind: 'nodes', by: 'random', edits: 2 },
  { kind: 'nodes', by: 'address' },
  { kind: 'nodes', by: 'address', edits: 3 },
  { kind: 'cache' },
  { kind: 'lagging-total' },
  { kind: 'lagging-total', edits: 3 },
  { kind: 'page-total' },
];

test('a list that is edited behind a repeating fault loses no code that is still there', async () => {
  const { simulator, sync, rows } = await syncSetup({
    vdns: [`1-${faults.length}`],
    codesPerVdn: 15,
    source: { pageSize: 5 },
  });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  for (const [index, fault] of faults.entries()) {
    const vdnId = index + 1;
    simulator.vdn(vdnId).fault(fault);
    // Before every third request the first code goes and a new one comes: a code moves over each border of a page.
    simulator.betweenRequests(vdnId, (codes, request) =>
      request % 3 === 2 ? [...codes.slice(1), { obsCode: `N${request}`, obsCodeDesc: null }] : codes,
    );
  }
  const { vdns } = (await sync()).json() as RunSummary;
  expect(vdns).toMatchObject({ total: faults.length, skipped: 0 });
  const removed = await rows('select vdn_id, obs_code from obs.result_code where removed_at is not null');
  const listed = (vdnId: unknown) =>
    simulator
      .vdn(Number(vdnId))
      .codes()
      .map(({ obsCode }) => obsCode);
  expect(removed.filter(({ vdn_id, obs_code }) => listed(vdn_id).includes(String(obs_code)))).toEqual([]);
});

test('a code that is really listed with two texts fails its VDN, or has both where they are to be joined', async () => {
  const { simulator, sync, rows } = await syncSetup({ vdns: [1], source: { pageSize: 4 } });
  simulator.vdn(1).replace([
    { obsCode: '34606', obsCodeDesc: 'Second.' },
    { obsCode: '00605', obsCodeDesc: 'Busy.' },
    { obsCode: '34606', obsCodeDesc: 'First.' },
  ]);
  const failed = (await sync()).json() as RunSummary;
  expect(failed.outcomes).toMatchObject([
    { errorCode: 'bad-row', message: expect.stringMatching(/conflictingDescriptions: join/) },
  ]);

  const joining = await syncSetup({ vdns: [1], source: { pageSize: 4, conflictingDescriptions: 'join' } });
  joining.simulator.vdn(1).replace(simulator.vdn(1).codes());
  expect(await joining.sync()).toMatchObject({ exitCode: 0 });
  const stored = `select obs_code, obs_code_desc from obs.result_code order by 1`;
  expect(await joining.rows(stored)).toEqual([
    { obs_code: '00605', obs_code_desc: 'Busy.' },
    { obs_code: '34606', obs_code_desc: 'First. / Second.' },
  ]);
  joining.simulator.vdn(1).remove('00605');
  expect(((await joining.sync()).json() as RunSummary).codes).toMatchObject({ removed: 1, changed: 0 });
  expect(await rows(stored)).toEqual([]);
});
