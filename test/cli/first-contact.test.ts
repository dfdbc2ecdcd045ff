import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { run, start } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { tcpFront } from '../support/tcp-front.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

test('a database that is not there is waited for 30 s by every command but check, then it is 6', async () => {
  const directory = await temporaryDirectory();
  const page = path.join(directory, 'status.html');
  await writeFile(page, 'All is well.');
  const config = await writeConfig(directory, {
    // Nothing listens on port 1, which is reserved.
    database: { url: 'postgres://reader:pa55word@127.0.0.1:1/warehouse' },
    sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
  });
  const commands = [
    ['sync', '--json'],
    ['sync', '--dry-run', '--json'],
    ['sync', '--migrate', '--json'],
    ['migrate'],
    ['status', '--html', page],
    ['changes'],
    ['check'],
  ];
  const results = await Promise.all(
    commands.map(async (args) => {
      const startedAt = performance.now();
      // One in a process of its own: it does not end before, nor wait on for something else.
      const result = await (args.includes('--migrate') ? run(args, { config }) : call(args, config));
      return { args, ...result, waited: performance.now() - startedAt > 30_000 };
    }),
  );
  for (const { args, exitCode, stdout, stderr, waited, json } of results) {
    expect({ args, exitCode, waited }).toEqual({ args, exitCode: 6, waited: args[0] !== 'check' });
    expect(stdout + stderr).not.toContain('pa55word');
    if (waited) expect(stderr).toMatch(/ECONNREFUSED.*Check database.url.*waited for it for 30 s/);
    if (args.includes('--json')) {
      expect(json()).toMatchObject({
        status: 'refused',
        exitCode: 6,
        error: { code: 'database-unreachable' },
      });
    }
  }
  const html = await readFile(page, 'utf8');
  expect(html).toContain('the database cannot be reached');
  expect(html).not.toMatch(/pa55word|warehouse|127\.0\.0\.1/);
});

// A run opens three or more, by how much there is to do at once.
test.each([1, 2, 3])(
  'connection %i is cut before its first answer: the run makes another, and ends',
  async (cut) => {
    const name = `cut_${cut}`;
    await query(server.url, `create database ${name}`);
    const direct = databaseUrl(server.url, name);
    await migrate(direct);
    const front = await tcpFront(server.port, (connection) => connection === cut);
    onTestFinished(front.close);
    const { sync } = await syncSetup({
      vdns: [1, 2],
      databaseUrl: direct.replace(`:${server.port}/`, `:${front.port}/`),
    });
    const result = await sync();
    expect(result.json()).toMatchObject({ exitCode: 0, vdns: { changed: 2 } });
    expect(front.connections).toBeGreaterThan(cut);
    expect(await violations(direct)).toEqual([]);
  },
);

test('schedule goes on to its runs where connections broke before their first answer', async () => {
  await query(server.url, 'create database scheduled');
  const direct = databaseUrl(server.url, 'scheduled');
  await migrate(direct);
  let cutting = true;
  const front = await tcpFront(server.port, () => cutting);
  onTestFinished(front.close);
  const { simulator } = await syncSetup({ vdns: [1], databaseUrl: direct });
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: direct.replace(`:${server.port}/`, `:${front.port}/`) },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1] }],
    schedule: { cron: '* * * * * *' },
    http: { port: 0 },
  });
  const schedule = start(['schedule'], { config });
  const [, served] = await schedule.waitForOutput(/"url":"(.+?)"/);
  await schedule.waitForOutput(/is away or busy/);
  expect((await fetch(`${served}/readyz`)).status).toBe(503);
  cutting = false;
  await schedule.waitForOutput(/is back[\s\S]*run succeeded/);
  expect((await fetch(`${served}/readyz`)).status).toBe(200);
  schedule.signal('SIGTERM');
  expect(await schedule.exit).toMatchObject({ exitCode: 143 });
});
