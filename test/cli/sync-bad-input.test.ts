import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startSimulator } from '../../src/simulator/index.ts';
import { call } from '../support/in-process.ts';
import { listen } from '../support/listening.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

/** Listens at the configured address of the database, and counts connections. */
let databaseContacts = 0;
const database = createServer((socket) => {
  databaseContacts += 1;
  socket.destroy();
});
const port = await listen(database);

const simulator = await startSimulator();
afterAll(async () => {
  await simulator.close();
  database.close();
});

const secretKey = 'marked-secret-key';
const source = { name: 'prod', baseUrl: simulator.baseUrl, accessKey: 'ak', secretKey, vdns: [1] };
const good = {
  database: { url: `postgres://u:marked-password@127.0.0.1:${port}/d` },
  sources: [source],
};
const withSource = (change: object) => stringify({ ...good, sources: [{ ...source, ...change }] });

/** Runs `sync` with this text as its configuration, and makes sure that nothing was contacted and no secret shown. */
async function refused(text: string) {
  const directory = await temporaryDirectory();
  const config = path.join(directory, 'obs-code-sync.yaml');
  await writeFile(config, text);
  const result = await call(['sync', '--json'], config);
  expect(databaseContacts).toBe(0);
  expect(simulator.requests.total).toBe(0);
  expect(result.stdout + result.stderr).not.toMatch(/marked-|^\s+at /m);
  return result;
}

// Every mistake there is has its message in test/unit/config; here is what the command does with it.
test.each<[string, string, readonly RegExp[]]>([
  [
    'several mistakes at once',
    stringify({
      database: { url: 'mysql://u:marked-password@127.0.0.1/d' },
      sources: [{ ...source, vdns: [0], pageSize: 51, accessKey: '${NOT_SET}' }],
    }),
    [/database\.url\b/, /sources\[0\]\.vdns\[0\]/, /sources\[0\]\.pageSize\b.*51/, /accessKey\b.*NOT_SET/],
  ],
  ['a YAML syntax error', 'database:\n  url: "pglite:x\nsources: []\n', [/line [234]/]],
  ['an unknown key alone', withSource({ pagesize: 20 }), [/unknown key pagesize; did you mean pageSize\?/]],
  ['no configuration at all', '', [/is empty; obs-code-sync\.example\.yaml shows/]],
])('%s', async (_, text, messages) => {
  const result = await refused(text);
  const summary = summaryOf(result);
  expect(summary).toMatchObject({
    exitCode: 2,
    status: 'refused',
    runId: null,
    error: { code: 'configuration' },
  });
  for (const message of messages) expect(summary.error?.message).toMatch(message);
  expect(result.stderr).toContain(summary.error?.message);
});
