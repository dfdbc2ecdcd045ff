import { createServer, type Socket } from 'node:net';
import pino from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../../src/observe/metrics.ts';
import { probeRoutes } from '../../../src/schedule/routes.ts';
import { serve } from '../../../src/schedule/server.ts';
import { sourceStates } from '../../../src/schedule/source-states.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { readOnly } from '../../../src/store/read-only.ts';
import { listen } from '../../support/listening.ts';
import { startEmbeddedServer, testDatabase } from '../../support/postgres.ts';
import { parsePrometheusText, seriesValue } from '../../support/prometheus-text.ts';
import { query } from '../../support/template-database.ts';

const sources = [
  { name: 'one', vdns: [1, 2, 3, 4, 5, 6] },
  { name: 'new', vdns: [1, 2] },
];

/** What `schedule` serves, over a database. */
async function served(url: string) {
  const database = await openDatabase({ url, schema: 'obs' });
  const metrics = createMetrics(sources.map(({ name }) => name));
  const routes = probeRoutes(
    {
      databaseReady: () => readOnly(database, async () => {}),
      sourceStates: () => readOnly(database, (trx) => sourceStates(trx, sources)),
    },
    metrics,
    { program: 'obs-code-sync', options: ' --config /etc/obs.yaml' },
  );
  const server = await serve({ host: '127.0.0.1', port: 0 }, routes, pino({ level: 'silent' }));
  onTestFinished(async () => {
    await server.close();
    await database.close();
  });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(server.url + path, { method });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return {
    get,
    database,
    scrape: async () => {
      const { status, body } = await get('/metrics');
      expect(status).toBe(200);
      const families = parsePrometheusText(body);
      return (name: string, labels = {}) => seriesValue(families, `obs_code_sync_${name}`, labels);
    },
  };
}

async function ownDatabase(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  return database.url;
}

test('only GET and HEAD are served, and nothing but the routes', async () => {
  const { get } = await served(await ownDatabase());
  expect(await get('/healthz')).toMatchObject({ status: 200, body: 'The process works.\n' });
  const whole = await get('/metrics');
  const head = await get('/metrics', 'HEAD');
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(head.headers.get('content-type')).toBe(whole.headers.get('content-type'));
  expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1000);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const refused = await get('/metrics', method);
    expect(refused.status, method).toBe(405);
    expect(refused.headers.get('allow')).toBe('GET, HEAD');
  }
  for (const path of ['/nothing', '/healthz/', '/__proto__', '/constructor', '/%2e%2e/']) {
    expect((await get(path)).status, path).toBe(404);
  }
  expect((await get('/healthz?verbose')).status).toBe(200);
});

describe('/readyz', () => {
  test('is 200 where the database answers and its schema fits', async () => {
    expect(await (await served(await ownDatabase())).get('/readyz')).toMatchObject({ status: 200 });
  });

  test('is 503 with the command to run where the schema is behind', async () => {
    const url = await ownDatabase();
    await query(url, `delete from obs.schema_migration where name > '0001'`);
    const { status, body } = await (await served(url)).get('/readyz');
    expect(status).toBe(503);
    expect(body).toContain('Run `obs-code-sync migrate --config /etc/obs.yaml` first');
  });

  test('says why it is 503, without the password, while the database is away, and is 200 again after', async () => {
    const server = await startEmbeddedServer();
    onTestFinished(() => server.close());
    const { get, scrape, database } = await served(server.url);
    await migrateToLatest(database);
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    expect((await scrape())('database_up')).toBe(1);

    await server.stop();
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(body).toContain('cannot be reached');
    expect(body).not.toContain('postgres:');
    const away = await scrape();
    expect(away('database_up')).toBe(0);
    expect(away('stale_vdns', { source: 'one' })).toBe(6);
    expect((await get('/healthz')).status).toBe(200);

    await server.start();
    expect(await get('/readyz')).toMatchObject({ status: 200 });
    expect((await scrape())('database_up')).toBe(1);
  });

  test('does not wait for a database that accepts and never answers, and nor do metrics', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    const port = await listen(silent);
    const { get, scrape } = await served(`postgres://unknown@127.0.0.1:${port}/none`);
    // Comes first when the test is over: who closes the database waits for connections that are being made.
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const [ready, read] = await Promise.all([get('/readyz'), scrape()]);
    expect(ready).toMatchObject({
      status: 503,
      body: expect.stringContaining('did not answer within 3 s'),
    });
    expect(read('database_up')).toBe(0);
  });
});

test('/metrics has the state of each source from the database, after runs of any process', async () => {
  const url = await ownDatabase();
  await query(
    url,
    `insert into obs.vdn (source, vdn_id, configured, first_verified_at, last_verified_at, failing_since)
     values ('one', 1, true, now(), now() - interval '1 minute', null),
       ('one', 2, true, now(), now() - interval '37 hours', now()),
       ('one', 3, true, null, null, now()),
       ('one', 4, true, now(), now() - interval '2 hours', null),
       ('one', 6, true, now(), now() + interval '1 day', null),
       ('one', 5, false, now(), now() - interval '900 hours', now()),
       ('other', 1, true, now(), now() - interval '900 hours', now())`,
  );
  await query(
    url,
    `insert into obs.held_change (source, vdn_id, plan, run_id, held_since, difference, reason)
     values ('one', 4, '0123456789abcdef', 1, now(), '[]', 'it shrank')`,
  );
  const read = await (await served(url)).scrape();
  const one = { source: 'one' };
  // The one that was verified tomorrow is stale, too, and gives no age.
  expect(read('stale_vdns', one)).toBe(3);
  expect(read('failing_vdns', one)).toBe(2);
  expect(read('held_vdns', one)).toBe(1);
  expect(read('oldest_verified_vdn_age_seconds', one)).toBeCloseTo(37 * 3600, -2);
  expect(
    Math.abs((read('last_success_timestamp_seconds', one) ?? 0) - (Date.now() / 1000 - 60)),
  ).toBeLessThan(30);
  expect(read('stale_vdns', { source: 'new' })).toBe(2);
  expect(read('oldest_verified_vdn_age_seconds', { source: 'new' })).toBeUndefined();
  expect(read('stale_vdns', { source: 'other' })).toBeUndefined();
});
