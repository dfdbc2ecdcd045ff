import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { readPageReport } from '../../../src/page/report.ts';
import { pageRoute } from '../../../src/schedule/routes.ts';
import { serve } from '../../../src/schedule/server.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateToLatest } from '../../../src/store/migrator.ts';
import { startEmbeddedServer, testDatabase } from '../../support/postgres.ts';
import { query } from '../../support/template-database.ts';

/** What `schedule` serves at `/`, over a database, and what it logs. */
async function served(url: string) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const database = await openDatabase({ url, schema: 'obs' });
  const settings = {
    staleAfterMs: 36 * 3_600_000,
    invocation: { program: 'obs-code-sync', options: '' },
    timezone: 'UTC',
    nextRun: undefined,
    version: '0.1.0',
  };
  const routes = pageRoute(() => readPageReport(database, settings), settings, logger);
  const server = await serve({ host: '127.0.0.1', port: 0 }, routes, logger);
  onTestFinished(async () => {
    await server.close();
    await database.close();
  });
  const get = async (method = 'GET') => {
    const response = await fetch(server.url, { method });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { get, lines, database };
}

async function ownDatabase(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  return database.url;
}

test('the page is served by GET and HEAD only, under a strict policy, without cookies, and not kept', async () => {
  const { get } = await served(await ownDatabase());
  const { status, headers, body } = await get();
  expect(status).toBe(200);
  expect(body).toContain('There is nothing to trust yet: no run has been made.');
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^']{44}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  expect(headers.has('set-cookie')).toBe(false);

  const head = await get('HEAD');
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(head.headers.get('content-length')).toBe(headers.get('content-length'));
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await get(method)).status, method).toBe(405);
  }
});

test('the page shows what runs and VDNs left in the database', async () => {
  const url = await ownDatabase();
  await query(
    url,
    `insert into obs.vdn (source, vdn_id, code_count, first_verified_at, last_verified_at)
     values ('prod', 7, 120, now() - interval '9 hours', now() - interval '9 hours');
     insert into obs.sync_run (status, trigger, arguments, version, host, finished_at)
     values ('succeeded', 'cli', '', '', '', now())`,
  );
  const { body } = await (await served(url)).get();
  expect(body).toContain('the one VDN was verified within the last 36 h, 9 h ago.');
  expect(body).toContain('aria-label="VDN 7: 120 codes, 9 h ago"');
});

test('while the database is away the page comes with 503 and names no address; the log has the reason', async () => {
  const server = await startEmbeddedServer();
  onTestFinished(() => server.close());
  const { get, lines, database } = await served(server.url);
  await migrateToLatest(database);
  expect((await get()).status).toBe(200);
  expect(lines).toEqual([]);

  await server.stop();
  const { status, headers, body } = await get();
  expect(status).toBe(503);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(body).toContain('the database cannot be reached');
  const { hostname, port, password } = new URL(server.url);
  for (const secret of [hostname, port, password, 'postgres']) {
    if (secret !== '') expect(body).not.toContain(secret);
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(port);

  await server.start();
  expect((await get()).status).toBe(200);
});

test('a schema that does not fit is said, with 503', async () => {
  const url = await ownDatabase();
  await query(url, `delete from obs.schema_migration where name > '0001'`);
  const { status, body } = await (await served(url)).get();
  expect(status).toBe(503);
  expect(body).toContain('the database answers but cannot be used');
  expect(body).toContain('Run the migrations');
});
