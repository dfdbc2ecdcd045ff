import { expect, onTestFinished, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { run } from '../support/command.ts';
import { type TestSource, testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { testDatabase } from '../support/postgres.ts';
import { startFront, startProxy } from '../support/proxy-server.ts';
import { slowFront } from '../support/slow-front.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const database = await testDatabase();

async function simulated(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ accounts: [testKeys], ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

async function check(source: TestSource, args: string[] = [], env?: Record<string, string>) {
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: database.url },
    sources: [source],
  });
  const result = await (env === undefined
    ? call(['check', ...args], config)
    : run(['check', ...args], { config, env }));
  return { ...result, words: result.stdout.replace(/[│\s]+/g, ' ') };
}

test('behind a balancer that rewrites Host, check names the setting with which all is well', async () => {
  const { baseUrl } = await simulated();
  const port = await startFront(baseUrl, { host: '127.0.0.1' });
  const source = { baseUrl: `http://127.0.0.1:${port}`, vdns: [1] };
  const refused = await check(source);
  expect(refused.exitCode).toBe(5);
  const setting = 'signing: { headers: [content-type, host], timestamp: seconds, host: 127.0.0.1 }';
  expect(refused.words).toContain(
    `the keys are right, but the server wants another way to sign: set ${setting}`,
  );
  expect((await check({ ...source, signing: { host: '127.0.0.1' } })).exitCode).toBe(0);
});

test('behind a gateway that strips its path, too', async () => {
  const { baseUrl } = await simulated();
  const { host } = new URL(baseUrl);
  const port = await startFront(baseUrl, { host, path: (path) => path.replace('/gateway', '') });
  const source = { baseUrl: `http://127.0.0.1:${port}/gateway`, vdns: [1], signing: { host } };
  expect((await check(source)).words).toMatch(/set signing: \{.*basePath: \/ \}/);
});

test('check says through which proxy it went, and never its password', async () => {
  const { baseUrl } = await simulated();
  const proxy = await startProxy({ user: 'me:right-password' });
  const shown = `http://127.0.0.1:${proxy.port}`;
  const good = await check({ baseUrl, vdns: [1] }, [], {
    HTTP_PROXY: shown.replace('//', '//me:right-password@'),
  });
  expect(good).toMatchObject({ exitCode: 0, stderr: '' });
  expect(good.words).toContain(`answers (through the proxy ${shown}), without TLS`);
  const refused = await check({ baseUrl, vdns: [1], proxy: shown.replace('//', '//me:wrong-password@') });
  expect(refused.exitCode).toBe(5);
  expect(refused.words).toContain(`the proxy ${shown} wants a user name and a password`);
  for (const { stdout, stderr } of [good, refused]) expect(stdout + stderr).not.toContain('-password');
  const socks = await check({ baseUrl, vdns: [1] }, [], { http_proxy: 'socks5://me:a-password@127.0.0.1' });
  expect(socks.exitCode).toBe(2);
  expect(socks.stderr).toMatch(/HTTP_PROXY of the environment: expected none, or a proxy/);
  expect(socks.stderr).not.toContain('a-password');
});

test('check --vdns asks every VDN for one row and lists those that are refused', async () => {
  const simulator = await simulated();
  for (const vdnId of [3, 4, 5]) {
    simulator.vdn(vdnId).fault({
      kind: 'body',
      status: 403,
      body: '{"error_msg":"no right to this VDN"}',
    });
  }
  const source = { baseUrl: simulator.baseUrl, vdns: ['1-9'] };
  const some = await check(source, ['--vdns']);
  expect(some.exitCode).toBe(3);
  expect(some.words).toContain('6 of 9 VDNs answer');
  expect(some.words).toMatch(
    /VDN 3-5: forbidden: the server refuses this VDN \(403\), and says "no right to this VDN"/,
  );
  expect(simulator.requests.total).toBe(1 + 9);
  const all = await check({ ...source, vdns: [3, 4] }, ['--vdns']);
  expect(all.exitCode).toBe(5);
});

test('a name with two addresses is reached at the first one, though connecting takes a second', async () => {
  const { baseUrl } = await simulated();
  const fronts = await Promise.all(
    [database.url, baseUrl].map((url) => slowFront(Number(new URL(url).port))),
  );
  onTestFinished(() => Promise.all(fronts.map(({ close }) => close())).then(() => {}));
  const [databasePort, sourcePort] = fronts.map(({ port }) => port);
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: database.url.replace(/@[^/]+/, `@localhost:${databasePort}`) },
    sources: [{ baseUrl: `http://localhost:${sourcePort}`, vdns: [1], retries: 0 }],
  });
  const names = `import dns from 'node:dns';
    dns.lookup = (name, options, done) => done(null, [1, 2].map((n) => ({ address: '127.0.0.' + n, family: 4 })));`;
  const checking = run(['check'], {
    config,
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(names)}` },
  });
  for (const { open } of fronts) await open();
  const { exitCode } = await checking;
  expect(fronts.map(({ elsewhere }) => elsewhere)).toEqual([0, 0]);
  expect(exitCode).toBe(0);
});
