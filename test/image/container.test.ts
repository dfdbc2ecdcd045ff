import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { launch } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { projectRoot, readDockerfile } from './dockerfile.ts';

const runFile = promisify(execFile);
const engineEnv = process.env.DOCKER_HOST === undefined ? {} : { DOCKER_HOST: process.env.DOCKER_HOST };

const { baseImage } = readDockerfile();
const image = `obs-code-sync-test:${process.pid}`;
let directory = '';

/** Why the image cannot be tried here; undefined: it can. */
const obstacle = await findObstacle();

async function findObstacle(): Promise<string | undefined> {
  if (!(await succeeds(['version', '--format', '{{.Server.Version}}']))) return 'no Docker engine answers';
  if (!(await succeeds(['image', 'inspect', baseImage]))) return `the engine has no image ${baseImage}`;
  return undefined;
}

async function succeeds(args: readonly string[]): Promise<boolean> {
  return runFile('docker', args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

beforeAll(async () => {
  if (obstacle !== undefined) return;
  directory = await mkdtemp(path.join(os.tmpdir(), 'obs-container-'));
  // The container's user is another one.
  await chmod(directory, 0o755);
  await writeFile(path.join(directory, 'termination-log'), '');
  await chmod(path.join(directory, 'termination-log'), 0o666);
  const build = ['build', '--network', 'host', '--build-arg', 'VERSION=1.2.3', '--tag', image, projectRoot];
  await runFile('docker', build, { maxBuffer: 2 ** 26 });
}, 600_000);

afterAll(async () => {
  if (obstacle !== undefined) return;
  await runFile('docker', ['image', 'rm', '--force', image]);
  await rm(directory, { recursive: true });
});

/** A test that is skipped with a reason where it cannot run. */
function inContainer(name: string, work: () => Promise<void>): void {
  test(name, async ({ skip }: TestContext) => {
    if (obstacle !== undefined) skip(obstacle);
    await work();
  });
}

/** Starts the image as strictly as Kubernetes' restricted profile, with `directory` as /config and a termination log. */
function runImage(args: readonly string[], name = 'once') {
  const restricted = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  const container = ['--rm', '--name', `${image.replace(':', '-')}-${name}`, '--network', 'host'];
  const config = [
    '--volume',
    `${directory}:/config:ro`,
    '--volume',
    `${directory}/termination-log:/dev/termination-log`,
  ];
  return launch(['docker', 'run', ...container, ...restricted, ...config, image, ...args], {
    env: engineEnv,
  });
}

inContainer('the image is small, labelled, and its user is not root', async () => {
  const { stdout } = await runFile('docker', ['image', 'inspect', image]);
  const [{ Size, Config }] = JSON.parse(stdout);
  expect(Size).toBeLessThan(350e6);
  expect(Config).toMatchObject({ User: '1000:1000', Entrypoint: ['obs-code-sync'] });
  expect(Config.Labels).toMatchObject({
    'org.opencontainers.image.title': 'obs-code-sync',
    'org.opencontainers.image.version': '1.2.3',
  });
});

inContainer(
  'its entry point is the command, which says what there is when it is asked for nothing',
  async () => {
    const { exitCode, stdout } = await runImage([]).exit;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Usage: obs-code-sync');
    expect((await runImage(['snyc']).exit).exitCode).toBe(2);
  },
);

inContainer('the program is on its PATH, and the heap is a part of what the container may have', async () => {
  const inside = async (command: string) => {
    const limited = ['run', '--rm', '--memory', '256m', '--entrypoint', 'sh', image, '-c', command];
    return (await runFile('docker', limited)).stdout.trim();
  };
  const heapMb = await inside('node -p "v8.getHeapStatistics().heap_size_limit / 2 ** 20"');
  expect(Number(heapMb)).toBeGreaterThan(128);
  expect(Number(heapMb)).toBeLessThan(192);
  expect(await inside('obs-code-sync --version')).toMatch(/^\d+\.\d+\.\d+$/);
});

inContainer('without a writable file or a capability it migrates, syncs and serves', async () => {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
  const database = await testDatabase();
  await writeConfig(directory, {
    database: { url: database.url, schema: 'fresh' },
    sources: [{ baseUrl: simulator.baseUrl, vdns: ['1-3'] }],
    schedule: { cron: '* * * * * *' },
    http: { port: 0 },
  });
  try {
    expect(await runImage(['migrate']).exit).toMatchObject({ exitCode: 0, stderr: '' });
    const synced = await runImage(['sync', '--json', '--summary-file', '/dev/termination-log']).exit;
    expect(synced.json()).toMatchObject({ exitCode: 0 });
    expect(await readFile(path.join(directory, 'termination-log'), 'utf8')).toBe(synced.stdout.trimEnd());
    expect(await query(database.url, 'select count(*)::integer from fresh.active_result_code')).toEqual([
      { count: 30 },
    ]);

    const schedule = runImage(['schedule'], 'schedule');
    const [, url = ''] = await schedule.waitForOutput(/"url":"(.+?)"/);
    await schedule.waitForOutput(/"msg":"run succeeded"/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    // As the first process of a container it gets signals only if it asks for them.
    await runFile('docker', ['kill', '--signal', 'TERM', `${image.replace(':', '-')}-schedule`]);
    expect((await schedule.exit).exitCode).toBe(143);
  } finally {
    await simulator.close();
    await database.close();
  }
});
