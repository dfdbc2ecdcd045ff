import { afterAll, expect, test } from 'vitest';
import { start } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

test('schedule, with a run under way, its page, its probes and its metrics, needs five connections at the most', async () => {
  await query(server.url, 'create database limited');
  const direct = databaseUrl(server.url, 'limited');
  await migrate(direct);
  await query(
    direct,
    `create role limited login password 'secret' connection limit 5;
     grant usage on schema obs to limited;
     grant all on all tables in schema obs to limited`,
  );
  const { simulator } = await syncSetup({ vdns: [1], databaseUrl: direct });
  simulator.fault({ kind: 'delay', ms: 20 });
  const url = new URL(direct);
  url.username = 'limited';
  url.password = 'secret';
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: url.href },
    sources: [1, 2, 3].map((number) => ({
      ...{ name: `s${number}`, baseUrl: simulator.baseUrl, vdns: ['1-60'], concurrency: 10 },
    })),
    schedule: { cron: '* * * * * *' },
    http: { port: 0 },
  });
  const schedule = start(['schedule'], { config });
  const [, served] = await schedule.waitForOutput(/"url":"(.+?)"/);
  let most = 0;
  const asked: number[] = [];
  await until('a run is done', async () => {
    const answers = await Promise.all(['/', '/readyz', '/metrics'].map((page) => fetch(`${served}${page}`)));
    asked.push(...answers.map(({ status }) => status));
    const [row] = await query(
      direct,
      `select count(*)::integer as used from pg_stat_activity where usename = 'limited'`,
    );
    most = Math.max(most, Number(row?.used));
    return (await query(direct, `select from obs.sync_run where status <> 'running'`)).length > 0;
  });
  schedule.signal('SIGTERM');
  const { stderr } = await schedule.exit;
  expect(
    await query(direct, `select distinct status from obs.sync_run where status <> 'interrupted'`),
  ).toEqual([{ status: 'succeeded' }]);
  expect(new Set(asked)).toEqual(new Set([200]));
  expect(stderr).not.toMatch(/53300|too many connections|is away/);
  expect(most).toBeLessThanOrEqual(5);
  expect(most).toBeGreaterThan(2);
});
