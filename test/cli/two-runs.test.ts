import { expect, test } from 'vitest';
import { codeViolations, violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { holdUp, openSession, untilHeldUp } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';

test('a second run on the same source ends with 75 and touches nothing; a dry run may go on', async () => {
  const { url, simulator, sync } = await syncSetup({ vdns: ['1-3'] });
  const gate = await holdUp(url, 'apply');
  const first = sync();
  await untilHeldUp(url, 1);
  const stored = await rowVersions(url);
  const requests = simulator.requests.total;

  const second = await sync();
  expect(second.exitCode).toBe(75);
  expect(second.json()).toMatchObject({
    runId: null,
    status: 'refused',
    exitCode: 75,
    error: { code: 'locked', message: expect.stringContaining('another run is at work on source test') },
  });
  expect(await sync('--vdn', '3')).toMatchObject({ exitCode: 75 });
  expect(simulator.requests.total).toBe(requests);
  expect(await rowVersions(url)).toEqual(stored);
  expect((await sync('--dry-run')).json()).toMatchObject({ exitCode: 0, codes: { added: 30 } });

  await gate.release();
  expect((await first).json()).toMatchObject({ exitCode: 0, vdns: { changed: 3 } });
  expect(await violations(url)).toEqual([]);
});

test('runs on different sources do not block each other; one that needs both sources takes neither', async () => {
  const { url, sync, rows } = await syncSetup({ sources: ['one', 'two'], vdns: [1, 2] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  const session = await openSession(url);
  await session.query(`begin; select from obs.vdn where source = 'one' for update`);
  const first = sync('--source', 'one');
  await untilHeldUp(url, 1);

  const verified = `select max(last_verified_at) as at from obs.vdn where source = 'two'`;
  const before = await rows(verified);
  expect(await sync()).toMatchObject({ exitCode: 75 });
  expect(await rows(verified)).toEqual(before);
  expect((await sync('--source', 'two')).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 2 } });
  expect(await rows(verified)).not.toEqual(before);

  await session.query('commit');
  expect((await first).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 2 } });
  expect(await violations(url)).toEqual([]);
});

test('a VDN that another run verified since it was read is refused, with any outcome of the read', async () => {
  const { url, simulator, sync, rows } = await syncSetup({ vdns: ['1-4'] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  simulator.vdn(1).change('00605', 'Engaged.');
  simulator.vdn(3).replace([]);
  simulator.vdn(4).change('00605', 'Engaged.');

  const stored = await rowVersions(url, codeTables);
  const gate = await holdUp(url, 'compare');
  const run = sync();
  await untilHeldUp(url, 1);
  await gate.session.query(`update obs.vdn set last_verified_at = clock_timestamp() where vdn_id <= 3`);
  await gate.release();

  const result = await run;
  expect(result.json()).toMatchObject({
    exitCode: 3,
    vdns: { failed: 3, changed: 1 },
    codes: { changed: 1 },
  });
  expect(result.json()).toMatchObject({
    outcomes: [1, 2, 3, 4].map((vdnId) =>
      vdnId === 4 ? { vdnId, outcome: 'changed' } : { vdnId, outcome: 'failed', errorCode: 'stale-snapshot' },
    ),
  });
  const written = (await rowVersions(url, codeTables)).filter((version) => !stored.includes(version));
  // VDN 4's code, its old version and its new one.
  expect(written).toHaveLength(3);
  expect(await rows('select from obs.held_change')).toEqual([]);
  expect(await violations(url)).toEqual([]);
});

test('a VDN whose stored codes changed since they were compared is refused', async () => {
  const { url, simulator, sync, rows } = await syncSetup({ vdns: [1] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  simulator.vdn(1).change('00605', 'Engaged.');

  const compare = await holdUp(url, 'compare');
  const run = sync();
  await untilHeldUp(url, 1);
  const apply = await holdUp(url, 'begin');
  await compare.release();
  await untilHeldUp(url, 1);
  await apply.session.query(`update obs.result_code set obs_code_desc = 'By hand.' where obs_code = '00605'`);
  await apply.release();

  const result = await run;
  expect(result.json()).toMatchObject({ exitCode: 5, outcomes: [{ errorCode: 'stale-snapshot' }] });
  expect(await rows(`select obs_code_desc from obs.result_code where obs_code = '00605'`)).toEqual([
    { obs_code_desc: 'By hand.' },
  ]);
  // What was changed by hand breaks a rule, which shows that the rules are looked at.
  expect(await codeViolations(url)).toEqual([expect.stringContaining('exactly one open version')]);
});
