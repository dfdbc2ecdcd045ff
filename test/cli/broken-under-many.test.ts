import { expect, test } from 'vitest';
import { violations } from '../support/invariants.ts';
import { holdUp, untilHeldUp, untilWaitedFor } from '../support/sessions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

/** Ends the session of a run that waits for this table, once there is one. */
async function endWaiting({ url, rows }: SyncSetup, table: string): Promise<void> {
  await rows(`select pg_terminate_backend(${await untilWaitedFor(url, table)}, 5000)`);
}

async function verifiedSetup(): Promise<SyncSetup> {
  const setup = await syncSetup({ vdns: ['1-8'] });
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  return setup;
}

/** One connection ends under many VDNs, and none of them fails. */
async function expectAllUnchanged({ url }: SyncSetup, run: ReturnType<SyncSetup['sync']>): Promise<void> {
  const result = await run;
  expect(result.json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 8 } });
  expect(result.stderr).toMatch(/is back/);
  expect(await violations(url)).toEqual([]);
}

test.each([
  ['a run', []],
  ['a dry run', ['--dry-run']],
])('a connection that ends while %s compares VDNs together costs none of them', async (_, options) => {
  const setup = await verifiedSetup();
  const gate = await holdUp(setup.url, 'compare');
  const run = setup.sync(...options);
  await endWaiting(setup, 'result_code');
  await gate.release();
  await expectAllUnchanged(setup, run);
});

test('nor one that ends while unchanged VDNs are recorded', async () => {
  const setup = await verifiedSetup();
  const comparing = await holdUp(setup.url, 'compare');
  const run = setup.sync();
  await untilHeldUp(setup.url, 1);
  const noting = await holdUp(setup.url, 'begin');
  await comparing.release();
  await endWaiting(setup, 'vdn');
  await noting.release();
  await expectAllUnchanged(setup, run);
});
