import { afterAll, expect, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';

const primary = await startEmbeddedServer();
const warehouse = databaseUrl(primary.url, 'warehouse');
await query(primary.url, 'create database warehouse');
await migrate(warehouse);
const standby = await primary.startStandby();
afterAll(() => Promise.all([primary.close(), standby.close()]));

const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`);
const urlOf = (order: readonly string[], attributes: string) =>
  `postgres://postgres:postgres@${order.join(',')}/warehouse?target_session_attrs=${attributes}`;
const onStandby = databaseUrl(standby.url, 'warehouse');

test.each(['read-write', 'primary'])(
  'with target_session_attrs=%s the order of the hosts does not matter',
  async (attributes) => {
    for (const order of [hosts, hosts.toReversed()]) {
      const { sync } = await syncSetup({ vdns: [1], databaseUrl: urlOf(order, attributes) });
      expect(await sync()).toMatchObject({ exitCode: 0 });
    }
  },
);

test('a standby alone is read by status, and what writes names it', async () => {
  await until(
    'the standby has followed',
    async () => (await query(onStandby, 'select from obs.vdn')).length > 0,
  );
  const { sync, config } = await syncSetup({ vdns: [1], databaseUrl: onStandby });

  const [status, check, dry] = await Promise.all([
    call(['status', '--json'], config),
    call(['check'], config),
    sync('--dry-run'),
  ]);
  expect(status).toMatchObject({ exitCode: 0 });
  expect(check).toMatchObject({ exitCode: 6, stdout: expect.stringMatching(/it is a standby/) });
  expect(dry).toMatchObject({ exitCode: 0 });
});

test('a run ends with 0 where the two change places under it', async () => {
  const { simulator, sync } = await syncSetup({
    sources: ['moved'],
    vdns: ['1-30'],
    source: { concurrency: 2 },
    databaseUrl: urlOf(hosts, 'read-write'),
  });
  simulator.fault({ kind: 'delay', ms: 40 });
  const running = sync();
  await until(
    'VDNs are done',
    async () =>
      (await query(warehouse, `select from obs.vdn where source = 'moved' and last_verified_at is not null`))
        .length > 3,
  );
  await primary.stop();
  await standby.promote();
  const result = await running;
  expect(result.json()).toMatchObject({ exitCode: 0, vdns: { total: 30, changed: 30 } });
  expect(await violations(onStandby)).toEqual([]);
  simulator.clearFaults();
  expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 30 } });
});
