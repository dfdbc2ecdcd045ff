import { expect, onTestFinished, test } from 'vitest';
import { writeConfig } from '../support/configuration.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { until } from '../support/sessions.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startSchedule } from './schedule-setup.ts';

test('schedule --migrate can be asked while the database is away, and migrates once it is back', async () => {
  const server = await startEmbeddedServer();
  onTestFinished(() => server.close());
  await server.stop();
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: server.url },
    sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
    schedule: { cron: '15 2 29 2 *' },
    http: { port: 0 },
  });
  const schedule = await startSchedule(config, '--migrate');
  const status = async (path: string) => (await fetch(schedule.url + path)).status;
  await schedule.waitForOutput(
    /"errorCode":"database-unreachable".*retried in 1 s: the database .* cannot be reached/,
  );
  const asked = await Promise.all(['/healthz', '/readyz', '/metrics', '/'].map(status));
  expect(asked).toEqual([200, 503, 200, 503]);
  expect(await schedule.metric('database_up')).toBe(0);

  await server.start();
  await schedule.waitForOutput(/"msg":"migrated: 0001_/);
  await until('a run could begin', async () => (await status('/readyz')) === 200);
  schedule.signal('SIGTERM');
  expect(await schedule.exit).toMatchObject({ exitCode: 143 });
});
