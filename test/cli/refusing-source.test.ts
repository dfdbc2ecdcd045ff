import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import type { RunSummary } from '../../src/sync/summary.ts';
import { type TestSource, testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { asStored } from './summary-shape.ts';

const vdnsOfEach = 40;
const wrongKey = 'not-the-secret-key';
/** Two VDNs for each of four slots are under way when the last of the failures in a row is met. */
const underWay = 2 * 4 - 1;
const mostTried = (errorCode: string) => (errorCode === 'forbidden' ? 20 : 5) + underWay;

const refusals: Readonly<Record<string, { errorCode: string; message: RegExp }>> = {
  'wrong-key': { errorCode: 'unauthorized', message: /refused the signature \(401\)/ },
  'firewall-403': { errorCode: 'forbidden', message: /allow list/ },
  'self-signed': { errorCode: 'tls', message: /authority that is not known.*tls\.caFile/ },
  expired: { errorCode: 'tls', message: /expired/ },
  'wrong-host': { errorCode: 'tls', message: /another name or address/ },
  'no-tls': { errorCode: 'tls', message: /does not speak TLS/ },
  unreachable: { errorCode: 'network', message: /ECONNREFUSED.*nothing listens/ },
  silent: { errorCode: 'timeout', message: /no complete answer within 1 s/ },
  'rate-limited': { errorCode: 'rate-limited', message: /wants no request for 7200 s/ },
};

test('a source that refuses is given up; another source goes on', async () => {
  const { url, directory } = await place();
  const sources = await refusingSources(directory);
  const good = await simulator({});
  sources.push({ name: 'good', baseUrl: good.baseUrl, vdns: ['1-20'] });
  const config = await writeConfig(directory, { database: { url }, sources });

  const result = await call(['sync', '--json'], config);
  expect(result.exitCode).toBe(3);
  const { vdns, outcomes } = result.json() as RunSummary;
  expect(vdns).toMatchObject({ total: 9 * vdnsOfEach + 20, changed: 20, unchanged: 0 });
  for (const [source, { errorCode, message }] of Object.entries(refusals)) {
    const failed = outcomes.filter((one) => one.source === source && one.outcome === 'failed');
    const away = ['network', 'timeout'].includes(errorCode);
    // One VDN finds out for all that the server is away.
    expect(failed.length).toBeGreaterThanOrEqual(away ? 1 : 5);
    expect(failed.length).toBeLessThanOrEqual(mostTried(errorCode));
    for (const one of failed) expect(one.message).toMatch(message);
    expect([...new Set(failed.map((one) => one.errorCode))]).toEqual([errorCode]);
    const skipped = outcomes.filter((one) => one.source === source && one.outcome === 'skipped');
    expect(skipped).toHaveLength(vdnsOfEach - failed.length);
    for (const one of skipped) {
      expect(one).toMatchObject({ errorCode: 'source-unavailable', requests: 0 });
      // Each of these VDNs says what is wrong with the source.
      expect(one.message).toMatch(message);
    }
    expect(await lines(url, source)).toEqual({ failed: failed.length, skipped: skipped.length });
    expect(
      await query(url, `select from obs.vdn where source = '${source}' and last_attempt_at is null`),
    ).toHaveLength(skipped.length);
  }
  expect(await query(url, `select distinct source from obs.result_code`)).toEqual([{ source: 'good' }]);
  expect(await violations(url)).toEqual([]);

  // Every VDN that was tried failed: that is another exit code.
  const alone = await call(['sync', '--json', '--source', 'wrong-key'], config);
  expect(alone.exitCode).toBe(5);
  expect(alone.json()).toMatchObject({ status: 'failed', exitCode: 5, vdns: { total: vdnsOfEach } });
  const dry = await call(['sync', '--json', '--dry-run', '--source', 'wrong-key'], config);
  expect(dry.exitCode).toBe(5);
});

test.each([
  ['a wrong key', { kind: 'none' }, 5],
  ['403 everywhere', { kind: 'status', status: 403 }, 20],
  ['404 everywhere', { kind: 'status', status: 404 }, 20],
] as const)('with 9,999 VDNs and %s the server sees at most 40 requests', async (_, fault, inARow) => {
  const { url, directory } = await place();
  const server = await simulator({});
  if (fault.kind !== 'none') server.fault(fault);
  const key = fault.kind === 'none' ? { secretKey: wrongKey } : {};
  const source = { baseUrl: server.baseUrl, vdns: ['1-9999'], concurrency: 10, ...key };
  const config = await writeConfig(directory, { database: { url }, sources: [source] });
  const summaryFile = path.join(directory, 'summary.json');

  const result = await call(['sync', '--json', '--summary-file', summaryFile], config);
  expect(result.exitCode).toBe(5);
  expect(server.requests.total).toBeLessThanOrEqual(inARow + 20 - 1);
  const { vdns, requests } = result.json() as RunSummary;
  expect(requests).toBe(server.requests.total);
  expect(vdns).toMatchObject({ total: 9999, failed: requests, skipped: 9999 - requests });
  expect(await lines(url, 'test')).toEqual({ failed: requests, skipped: 9999 - requests });
  // Nor is the log flooded.
  expect(result.stderr.split('\n').length).toBeLessThan(requests + 10);
  expect(result.stderr).toMatch(
    /VDN [^"]*9999 skipped: not tried, since (5|20) VDNs in a row|and \d+ more skipped: not tried/,
  );
  expect(await violations(url)).toEqual([]);
});

test('faults of single VDNs never stop the others, with any number of them', async () => {
  const { url, directory } = await place();
  const server = await simulator({});
  for (let vdnId = 1; vdnId <= 12; vdnId++) {
    server.vdn(vdnId).fault({ kind: 'failure', resultCode: '02000007' });
    server.vdn(vdnId + 12).fault({ kind: 'rows', rows: [7] });
    server.vdn(vdnId + 24).fault({ kind: 'total', total: -1 });
    server.vdn(vdnId + 36).fault({ kind: 'short-page' });
  }
  const source = { baseUrl: server.baseUrl, vdns: ['1-60'] };
  const config = await writeConfig(directory, { database: { url }, sources: [source] });

  const result = await call(['sync', '--json'], config);
  expect(result.exitCode).toBe(3);
  expect(result.json()).toMatchObject({ vdns: { total: 60, failed: 48, changed: 12, skipped: 0 } });
});

test.each([400, 403, 404])(
  'VDNs that answer %i for themselves keep no other from being read',
  async (status) => {
    const { url, directory } = await place();
    const server = await simulator({});
    // At the head of the list, and more than enough in a row further on.
    const refused = (vdnId: number) => vdnId <= 12 || (vdnId > 20 && vdnId <= 60);
    const ids = Array.from({ length: 80 }, (_, index) => index + 1);
    for (const vdnId of ids.filter(refused)) server.vdn(vdnId).fault({ kind: 'status', status });
    const source = { baseUrl: server.baseUrl, vdns: ['1-80'] };
    const config = await writeConfig(directory, { database: { url }, sources: [source] });

    const result = await call(['sync', '--json'], config);
    expect(result.json()).toMatchObject({ exitCode: 3, vdns: { failed: 52, changed: 28, skipped: 0 } });
    // The next night they are tried after all others.
    const known = server.requests.total;
    expect(await call(['sync', '--json'], config)).toMatchObject({ exitCode: 3 });
    const asked = server.requests
      .entries()
      .filter(({ number }) => number > known)
      .map(({ vdnId }) => vdnId ?? 0);
    expect(asked.slice(0, 20).filter(refused)).toEqual([]);
  },
);

test('a VDN that was still under way does not bring back a source that was given up', async () => {
  const { url, directory } = await place();
  const server = await simulator({});
  server.vdn(1).fault({ kind: 'delay', ms: 1500 });
  for (let vdnId = 2; vdnId <= 60; vdnId++) server.vdn(vdnId).fault({ kind: 'status', status: 403 });
  const source = { baseUrl: server.baseUrl, vdns: ['1-100'] };
  const config = await writeConfig(directory, { database: { url }, sources: [source] });

  const result = await call(['sync', '--json'], config);
  expect(result.exitCode).toBe(3);
  const { vdns } = result.json() as RunSummary;
  expect(vdns.changed).toBe(1);
  expect(vdns.failed).toBeLessThanOrEqual(mostTried('forbidden'));
  expect(vdns.skipped).toBe(100 - 1 - vdns.failed);
});

test('a 401 mentions the clock where the clocks are more than a minute apart, and only there', async () => {
  const { url, directory } = await place();
  const minutes = 60_000;
  const clocks: readonly [name: string, offset: number, message: RegExp][] = [
    ['ahead', 10 * minutes, /\b(59[89]|60\d) s ahead of this machine’s.*NTP/],
    ['behind', -7 * minutes, /\b4[12]\d s behind this machine’s.*NTP/],
    ['near', 0.5 * minutes, /^(?!.*clock).*accessKey and secretKey/],
  ];
  const sources: TestSource[] = [];
  for (const [name, clockOffsetMs] of clocks) {
    const { baseUrl } = await simulator({ clockOffsetMs });
    sources.push({ name, baseUrl, vdns: [1], ...(name === 'near' ? { secretKey: wrongKey } : {}) });
  }
  const config = await writeConfig(directory, { database: { url }, sources });

  const result = await call(['sync', '--json'], config);
  expect(result.exitCode).toBe(5);
  const { outcomes } = result.json() as RunSummary;
  for (const [name, , message] of clocks) {
    const stored = await query(
      url,
      `select last_error_code, last_error_message from obs.vdn where source = '${name}'`,
    );
    expect(stored).toEqual([
      { last_error_code: 'unauthorized', last_error_message: expect.stringMatching(message) },
    ]);
    const told = outcomes.find(({ source }) => source === name)?.message;
    expect(asStored(told)).toBe(stored[0]?.last_error_message);
  }
});

async function place() {
  const database = await testDatabase();
  onTestFinished(() => database.close());
  return { url: database.url, directory: await temporaryDirectory() };
}

async function simulator(options: SimulatorOptions): Promise<Simulator> {
  const started = await startSimulator({ accounts: [testKeys], codesPerVdn: 5, ...options });
  onTestFinished(() => started.close());
  return started;
}

/** One source for each way to refuse. */
async function refusingSources(directory: string): Promise<TestSource[]> {
  const plain = await simulator({});
  const [firewall, hanging, limited, closed] = [
    await simulator({}),
    await simulator({}),
    await simulator({}),
    await simulator({}),
  ];
  firewall.fault({ kind: 'firewall' });
  hanging.fault({ kind: 'hang' });
  limited.fault({ kind: 'status', status: 429, retryAfter: '7200' });
  await closed.close();
  const selfSigned = await simulator({ https: true, certificate: 'self-signed' });
  const expired = await simulator({ https: true, certificate: 'expired' });
  const wrongHost = await simulator({ https: true, certificate: 'wrong-host' });
  const trusting = async ({ caPem = '' }: Simulator, name: string) => {
    const caFile = path.join(directory, `${name}.pem`);
    await writeFile(caFile, caPem);
    return { tls: { caFile } };
  };
  const vdns = [`1-${vdnsOfEach}`];
  return [
    { name: 'wrong-key', baseUrl: plain.baseUrl, vdns, secretKey: wrongKey },
    { name: 'firewall-403', baseUrl: firewall.baseUrl, vdns },
    { name: 'self-signed', baseUrl: selfSigned.baseUrl, vdns },
    { name: 'expired', baseUrl: expired.baseUrl, vdns, ...(await trusting(expired, 'expired')) },
    { name: 'wrong-host', baseUrl: wrongHost.baseUrl, vdns, ...(await trusting(wrongHost, 'wrong-host')) },
    { name: 'no-tls', baseUrl: plain.baseUrl.replace('http:', 'https:'), vdns },
    { name: 'unreachable', baseUrl: closed.baseUrl, vdns, retries: 1 },
    { name: 'silent', baseUrl: hanging.baseUrl, vdns, retries: 0, timeout: '1s' },
    { name: 'rate-limited', baseUrl: limited.baseUrl, vdns },
  ];
}

/** Lines of the run log by outcome. */
async function lines(url: string, source: string): Promise<Record<string, unknown>> {
  const rows = await query(
    url,
    `select outcome, count(*)::integer from obs.sync_run_vdn where source = '${source}' group by outcome`,
  );
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
}
