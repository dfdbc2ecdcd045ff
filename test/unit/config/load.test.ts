import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { makeCertificate } from '../../../src/simulator/certificate.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { errorOf, load, smallest, withSource, written } from './support.ts';

describe('what is not written has its default', () => {
  test('for everything but the database, and the name, address, keys and VDNs of a source', async () => {
    expect(await load(smallest)).toEqual({
      database: { url: 'postgres://writer@db.example/reports', schema: 'obs' },
      sources: [
        {
          name: 'prod',
          baseUrl: 'https://10.22.26.181:28443',
          accessKey: 'AK',
          secretKey: 'SK',
          vdns: [1],
          pageSize: 50,
          concurrency: 4,
          timeoutMs: 10_000,
          outageMs: 120_000,
          retries: 3,
          tls: { insecureSkipVerify: false },
          signing: { headers: ['content-type', 'host'], timestamp: 'seconds' },
          conflictingDescriptions: 'fail',
        },
      ],
      guard: {
        removedShare: 0.2,
        rewrittenShare: 0.5,
        atLeast: 3,
        source: { removedShare: 0.05, atLeast: 50 },
      },
      http: { host: '127.0.0.1', port: 9464 },
      retention: { runsMs: 90 * 86_400_000 },
      freshness: { staleAfterMs: 36 * 3_600_000 },
      run: { maxDurationMs: 4 * 3_600_000 },
      log: { level: 'info' },
    });
  });

  test('inside a section that is there', async () => {
    const config = await load({ ...smallest, guard: { atLeast: 10 }, schedule: { cron: '15 2 * * *' } });
    expect(config.guard).toMatchObject({ removedShare: 0.2, rewrittenShare: 0.5, atLeast: 10 });
    const { guard } = await load({ ...smallest, guard: { source: { atLeast: 7 } } });
    expect(guard).toMatchObject({ atLeast: 3, source: { removedShare: 0.05, atLeast: 7 } });
    expect(config.schedule).toEqual({
      ...{ cron: '15 2 * * *', timezone: 'UTC' },
      ...{ retries: 3, retryDelayMs: 600_000 },
    });
  });
});

describe('what is written is taken', () => {
  const sourceSettings = [
    ['vdns', [25, '100-102', '7'], { vdns: [7, 25, 100, 101, 102] }],
    ['locale', 'en_US', { locale: 'en_US' }],
    ['timeout', '250ms', { timeoutMs: 250 }],
    ['requestsPerSecond', 0.5, { requestsPerSecond: 0.5 }],
    ['conflictingDescriptions', 'join', { conflictingDescriptions: 'join' }],
    [
      'signing',
      { headers: ['host', 'content-type'] },
      { signing: { headers: ['content-type', 'host'], timestamp: 'seconds' } },
    ],
    [
      'signing',
      { headers: ['host'], timestamp: 'milliseconds' },
      { signing: { headers: ['host'], timestamp: 'milliseconds' } },
    ],
    ['baseUrl', 'HTTPS://Isales.Example:443/', { baseUrl: 'https://isales.example' }],
    ['baseUrl', 'https://gateway.example/cc-isales/', { baseUrl: 'https://gateway.example/cc-isales' }],
    ['baseUrl', 'http://127.0.0.1:8080', { baseUrl: 'http://127.0.0.1:8080' }],
    ['baseUrl', 'http://127.8.9.1', { baseUrl: 'http://127.8.9.1' }],
    ['baseUrl', 'http://[::1]:8080', { baseUrl: 'http://[::1]:8080' }],
    ['baseUrl', 'http://localhost:8080', { baseUrl: 'http://localhost:8080' }],
  ] as const;
  test.each(sourceSettings)('%s: %j', async (setting, value, expected) => {
    const [source] = (await load(withSource({ [setting]: value }))).sources;
    expect(source).toMatchObject(expected);
  });

  test.each([
    'postgres://u:p%23w@db.example:5432/reports?sslmode=verify-full',
    'postgresql://db.example',
    'postgres://u@/reports?host=/run/postgresql',
    'postgres://',
  ])('the database URL %s', async (url) => {
    expect((await load({ ...smallest, database: { url } })).database.url).toBe(url);
  });

  test('two sources may share a server', async () => {
    const config = await load(withSource({ name: 'zh', locale: 'zh_CN' }, { name: 'en', locale: 'en_US' }));
    expect(config.sources.map(({ name, baseUrl }) => [name, baseUrl])).toEqual([
      ['zh', 'https://10.22.26.181:28443'],
      ['en', 'https://10.22.26.181:28443'],
    ]);
  });

  test('an alias stands for what its anchor holds', async () => {
    const source = (name: string, vdns: string) =>
      `{ name: ${name}, baseUrl: "https://h", accessKey: a, secretKey: s, vdns: ${vdns} }`;
    const sources = `sources:\n  - ${source('zh', '&all [1, 2-3]')}\n  - ${source('en', '*all')}\n`;
    const config = await load(`database: { url: "postgres://h/db" }\n${sources}`);
    expect(config.sources.map(({ vdns }) => vdns)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
});

describe('relative paths begin at the directory of the configuration file', () => {
  test('the embedded database', async () => {
    const file = await written({ ...smallest, database: { url: 'pglite:./obs-data' } });
    const config = await loadConfig(file, {});
    expect(config.database.url).toBe(`pglite:${path.join(path.dirname(file), 'obs-data')}`);
  });

  test('the certificates, of which nothing but certificates is taken', async () => {
    const one = await makeCertificate('valid');
    const two = await makeCertificate('self-signed');
    const files = { 'tls/ca.pem': `a note\n${one.caPem}\n${two.key}\n${two.caPem}` };
    const file = await written(withSource({ tls: { caFile: 'tls/ca.pem' } }), { files });
    const [source] = (await loadConfig(file, {})).sources;
    expect(source?.tls.caFile).toBe(path.join(path.dirname(file), 'tls/ca.pem'));
    expect(source?.tls.ca?.match(/-----BEGIN [A-Z ]+-----/g)).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN CERTIFICATE-----',
    ]);
  });
});

describe('a configuration file that cannot be read', () => {
  test.each(['\ufeff', ''])('because it is UTF-16 (mark %j), says so', async (mark) => {
    const file = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
    await writeFile(file, Buffer.from(`${mark}database: {}`, 'utf16le'));
    expect((await errorOf(loadConfig(file, {}))).message).toBe(
      `The configuration file ${file} cannot be read: it is UTF-16; save it as UTF-8.`,
    );
  });

  test('because it is no UTF-8, names the line; notes around a certificate may be anything', async () => {
    const file = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
    await writeFile(file, Buffer.from('a: é\r\nb: caf\xe9\n', 'latin1'));
    expect((await errorOf(loadConfig(file, {}))).message).toBe(
      `The configuration file ${file} cannot be read: line 1 is not UTF-8; save it as UTF-8.`,
    );
    const { caPem } = await makeCertificate('valid');
    const files = { 'ca.pem': Buffer.from(`Autorité\n${caPem}`, 'latin1') };
    expect(
      await loadConfig(await written(withSource({ tls: { caFile: 'ca.pem' } }), { files }), {}),
    ).toBeDefined();
  });

  test('because it is missing, comes with how to make or name one', async () => {
    const file = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
    expect((await errorOf(loadConfig(file, {}))).message).toBe(
      `There is no configuration file ${file} (named by --config). Copy obs-code-sync.example.yaml, ` +
        'or name another with --config FILE or OBS_CODE_SYNC_CONFIG.',
    );
  });

  test('because it is a directory', async () => {
    const directory = path.join(await temporaryDirectory(), 'obs-code-sync.yaml');
    await mkdir(directory);
    const { message } = await errorOf(loadConfig(directory, {}));
    expect(message).toBe(`The configuration file ${directory} cannot be read: it is a directory.`);
  });
});
