/**
 * `npm run dbt` installs the pinned dbt into a directory of its own, and runs the example project against a real
 * Postgres as a user would. Without Python or PyPI it says so and runs nothing.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedServer } from '../support/embedded-server.ts';
import { databaseUrl, migrate, query } from '../support/template-database.ts';
import { fill, outcome, spoil } from './warehouse.ts';

const root = path.resolve(import.meta.dirname, '../..');
const reporting = path.join(root, 'deploy/reporting');
const venv = path.join(root, 'node_modules/.cache/dbt');

/** Undefined where dbt is there, else why not. */
function install(): string | undefined {
  const requirements = path.join(reporting, 'dbt-example/requirements.txt');
  if (!existsSync(path.join(venv, 'bin/python'))) {
    mkdirSync(path.dirname(venv), { recursive: true });
    const { status, error, stderr } = spawnSync('python3', ['-m', 'venv', venv], { encoding: 'utf8' });
    if (status !== 0) {
      rmSync(venv, { recursive: true, force: true });
      return `python3 -m venv does not work: ${error?.message ?? stderr.trim()}`;
    }
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  const { status, stderr } = spawnSync(path.join(venv, 'bin/python'), pip, { encoding: 'utf8' });
  return status === 0 ? undefined : `pip cannot install dbt: ${stderr.trim().split('\n').at(-1)}`;
}

interface Dbt {
  readonly status: number | null;
  readonly said: string;
}

function check(holds: boolean, what: string, said = ''): void {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  if (holds) return;
  process.exitCode = 1;
  console.log(said);
}

async function tryOut(dbt: (...args: string[]) => Dbt, url: string): Promise<void> {
  for (const command of ['deps', 'build', 'source freshness', 'docs generate']) {
    const { status, said } = dbt(...command.split(' '));
    const complaint = /^.*(deprecat|\bwarn(ing)?\b(?!=0)).*$/im.exec(said)?.[0];
    check(
      status === 0 && complaint === undefined,
      `dbt ${command}, without a warning`,
      `${complaint}\n${said}`,
    );
  }
  const calls = await outcome(url);
  check(calls === 'known 300 3, none 150 0, unknown 150 0', `the calls are joined by time: ${calls}`);

  await spoil(url);
  const stale = dbt('test', '--select', 'vdns_are_not_stale');
  check(
    stale.status === 1 && /Got 2 results/.test(stale.said),
    'both VDNs are found by their test',
    stale.said,
  );
  const freshness = dbt('source', 'freshness');
  check(
    freshness.status === 1 && /ERROR STALE/.test(freshness.said),
    'freshness fails by them',
    freshness.said,
  );
}

const missing = install();
if (missing !== undefined) {
  console.log(`\n!!! NOT TRIED: the dbt package was not run, since ${missing}\n`);
} else {
  const server = await startEmbeddedServer();
  const directory = mkdtempSync(path.join(os.tmpdir(), 'obs-dbt-'));
  try {
    await query(server.url, 'create database warehouse');
    const url = databaseUrl(server.url, 'warehouse');
    await migrate(url);
    await fill(url);
    for (const project of ['dbt', 'dbt-example']) {
      cpSync(path.join(reporting, project), path.join(directory, project), { recursive: true });
    }
    const project = path.join(directory, 'dbt-example');
    const { hostname, port, username, password } = new URL(url);
    const env = {
      ...process.env,
      ...{ PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE: 'warehouse' },
      ...{ DBT_PROFILES_DIR: project, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DBT_USE_COLORS: 'false' },
    };
    const dbt = (...args: string[]): Dbt => {
      const { status, stdout, stderr } = spawnSync(path.join(venv, 'bin/dbt'), args, {
        ...{ cwd: project, env, encoding: 'utf8' as const },
      });
      return { status, said: `${stdout}${stderr}` };
    };
    await tryOut(dbt, url);
  } finally {
    await server.close();
    rmSync(directory, { recursive: true });
  }
}
