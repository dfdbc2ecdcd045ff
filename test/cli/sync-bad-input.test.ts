import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startSimulator } from '../../src/simulator/index.ts';
import { call } from '../support/in-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

/** Listens at the configured address of the database, and counts connections. */
let databaseContacts = 0;
const database = createServer((socket) => {
  databaseContacts += 1;
  socket.destroy();
}).listen(0, '127.0.0.1');
await once(database, 'listening');
const address = database.address();
if (address === null || typeof address === 'string') throw new Error('no TCP address');

const simulator = await startSimulator();
afterAll(async () => {
  await simulator.close();
  database.close();
});

const secretKey = 'marked-secret-key';
const source = { name: 'prod', baseUrl: simulator.baseUrl, accessKey: 'ak', secretKey, vdns: [1] };
const good = {
  database: { url: `postgres://u:marked-password@127.0.0.1:${address.port}/d` },
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

test.each<[string, string, RegExp]>([
  ['an empty VDN list', withSource({ vdns: [] }), /sources\[0\]\.vdns is \[\]: the list is empty/],
  ['VDN 0', withSource({ vdns: [1, 0] }), /sources\[0\]\.vdns\[1\].*0.*1 to 9999/],
  ['VDN 10000', withSource({ vdns: [10000] }), /sources\[0\]\.vdns\[0\].*10000.*1 to 9999/],
  ['a range backwards', withSource({ vdns: ['120-100'] }), /vdns\[0\].*120-100.*runs backwards/],
  ['a VDN twice', withSource({ vdns: ['1-30', 25] }), /vdns\[1\].*25.*already/],
  [
    'a source twice',
    stringify({ ...good, sources: [source, source] }),
    /sources\[1\]\.name\b.*prod.*already/,
  ],
  [
    'http to another host',
    withSource({ baseUrl: 'http://10.22.26.181:28080' }),
    /sources\[0\]\.baseUrl\b.*https/,
  ],
  ['a page size of 51', withSource({ pageSize: 51 }), /sources\[0\]\.pageSize\b.*51.*1 to 50/],
  [
    'a secret file that is missing',
    withSource({ secretKey: '${file:/nowhere/isales-sk}' }),
    /sources\[0\]\.secretKey\b.*\/nowhere\/isales-sk/,
  ],
  ['a variable that is not set', withSource({ accessKey: '${NOT_SET}' }), /accessKey\b.*NOT_SET/],
  ['a YAML syntax error', 'database:\n  url: "pglite:x\nsources: []\n', /line [234]/],
  [
    'a CA that cannot be read',
    withSource({ tls: { caFile: 'no-ca.pem' } }),
    /sources\[0\]\.tls\.caFile\b.*no-ca\.pem/,
  ],
  [
    'a database of another kind',
    stringify({ ...good, database: { url: 'mysql://u:marked-password@127.0.0.1/d' } }),
    /database\.url\b.*postgres:\/\/.*pglite:/,
  ],
  [
    'an unknown key',
    withSource({ pagesize: 20 }),
    /sources\[0\]: unknown key pagesize; did you mean pageSize\?/,
  ],
  ['no configuration at all', '', /is empty; obs-code-sync\.example\.yaml shows/],
])('%s', async (_, text, message) => {
  const result = await refused(text);
  const summary = summaryOf(result);
  expect(summary).toMatchObject({
    exitCode: 2,
    status: 'refused',
    runId: null,
    error: { code: 'configuration' },
  });
  expect(summary.error?.message).toMatch(message);
  expect(result.stderr).toContain(summary.error?.message);
});

test('everything that is wrong is said at once', async () => {
  const { stderr } = await refused(withSource({ vdns: [0], pageSize: 51, baseUrl: 'ftp://h', name: 'Prod' }));
  for (const place of ['name', 'vdns[0]', 'pageSize', 'baseUrl'])
    expect(stderr).toContain(`sources[0].${place}`);
});
