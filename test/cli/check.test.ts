import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { type TestSource, testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const database = await testDatabase();

async function simulated(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ accounts: [testKeys], ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

async function check(sources: TestSource[], url = database.url) {
  const config = await writeConfig(await temporaryDirectory(), { database: { url }, sources });
  const result = await call(['check'], config);
  // The table breaks long lines; the words are what matters.
  return { ...result, words: result.stdout.replace(/[│\s]+/g, ' ') };
}

describe('check', () => {
  test('finds nothing wrong where nothing is, with one request of one row a source, and writes nothing', async () => {
    const simulator = await simulated();
    const before = await query(database.url, 'select count(*)::int as n from obs.vdn');
    const result = await check([{ baseUrl: simulator.baseUrl, vdns: ['7-12'] }]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.words).toContain('Postgres 18');
    expect(result.words).toContain('the signature is accepted');
    expect(simulator.requests.entries()).toMatchObject([{ vdnId: 7, pageNum: 1, pageSize: 1, status: 200 }]);
    expect(await query(database.url, 'select count(*)::int as n from obs.vdn')).toEqual(before);
  });

  test('says of a wrong key that no way to sign is accepted', async () => {
    const { baseUrl } = await simulated();
    const result = await check([{ baseUrl, vdns: [1], secretKey: 'not-the-key' }]);
    expect(result).toMatchObject({ exitCode: 5, stderr: '' });
    expect(result.words).toContain('unauthorized: the server refused the signature (401), and says');
    expect(result.words).toContain(
      'none of the documented ways to sign is accepted, and the clock is right: a key is wrong (accessKey, secretKey), ' +
        'or a balancer or gateway in between changes Host or the path',
    );
    expect(result.stdout).not.toContain('not-the-key');
  });

  test('says of a wrong clock how far it is off', async () => {
    const { baseUrl } = await simulated({ clockOffsetMs: 3_600_000 });
    const result = await check([{ baseUrl, vdns: [1] }]);
    expect(result.exitCode).toBe(5);
    expect(result.words).toMatch(/its clock is 3(600|599) s ahead of this machine’s/);
    expect(result.words).toContain('Correct the clock');
    expect(result.words).not.toContain('a key is wrong');
  });

  test.for([
    [
      { timestamp: 'milliseconds' },
      'set signing: { headers: [content-type, host], timestamp: milliseconds }',
    ],
    [{ signedHeaders: ['host'] }, 'set signing: { headers: [host], timestamp: seconds }'],
  ] as const)('names the other way to sign that the server takes: %j', async ([demanded, advice]) => {
    const { baseUrl } = await simulated(demanded);
    const result = await check([{ baseUrl, vdns: [1] }]);
    expect(result.exitCode).toBe(5);
    expect(result.words).toContain(advice);
  });

  test('says of a certificate that is not trusted what to configure, and is content once it is', async () => {
    const { baseUrl, caPem = '' } = await simulated({ https: true });
    const untrusted = await check([{ baseUrl, vdns: [1] }]);
    expect(untrusted.exitCode).toBe(5);
    expect(untrusted.words).toContain('tls: no trusted connection');
    expect(untrusted.words).toContain('tls.caFile');

    const caFile = path.join(await temporaryDirectory(), 'ca.pem');
    await writeFile(caFile, caPem);
    const trusted = await check([{ baseUrl, vdns: [1], tls: { caFile } }]);
    expect(trusted.exitCode).toBe(0);
    expect(trusted.words).toContain('its certificate is trusted through');
  });

  test('tells a firewall page from a refusal of the server', async () => {
    const simulator = await simulated();
    simulator.vdn(1).fault({ kind: 'firewall' });
    const firewall = await check([{ baseUrl: simulator.baseUrl, vdns: [1] }]);
    expect(firewall.words).toContain(
      'forbidden: a firewall page came back (403, HTML), and says "Request blocked"',
    );

    simulator.vdn(2).fault({ kind: 'status', status: 403 });
    const refusal = await check([{ baseUrl: simulator.baseUrl, vdns: [2] }]);
    expect(refusal.words).toContain('forbidden: the server refuses this access key (403)');
  });

  test('exits with 3 where some sources fail, and looks at the others all the same', async () => {
    const { baseUrl } = await simulated();
    const result = await check([
      { name: 'good', baseUrl, vdns: [1] },
      { name: 'away', baseUrl: 'http://127.0.0.1:1', vdns: [1] },
    ]);
    expect(result.exitCode).toBe(3);
    expect(result.words).toContain(
      'network: the connection failed (ECONNREFUSED): nothing listens at that address',
    );
    expect(result.words).toContain('the signature is accepted');
  });

  test('exits with 6 or 7 for the database, and looks at the sources all the same', async () => {
    const { baseUrl } = await simulated();
    const sources = [{ baseUrl, vdns: [1] }];
    const away = await check(sources, 'postgres://someone:a-password@127.0.0.1:1/db');
    expect(away.exitCode).toBe(6);
    expect(away.words).toContain('the database 127.0.0.1:1/db cannot be reached');
    expect(away.words).toContain('the signature is accepted');
    expect(away.stdout + away.stderr).not.toContain('a-password');

    const config = await writeConfig(await temporaryDirectory(), {
      database: { url: database.url, schema: 'empty' },
      sources,
    });
    const behind = await call(['check'], config);
    expect(behind.exitCode).toBe(7);
    expect(behind.stdout).toContain('migrate');
  });
});
