import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { launch } from '../support/command.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = path.join(import.meta.dirname, '../..');
const launcher = path.join(root, 'src/bin.js');

const none = { exitCode: 2, stdout: '' };

/** The launcher and nothing else of the program. */
async function bareLauncher() {
  const directory = await temporaryDirectory();
  await mkdir(path.join(directory, 'src'));
  await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
  await copyFile(launcher, path.join(directory, 'src/bin.js'));
  return directory;
}

/** The launcher as `npm link` installs it, under a Node that says that it is an older one. */
async function startedByOldNode(file: string) {
  const directory = await temporaryDirectory();
  const pretence = path.join(directory, 'old.cjs');
  await writeFile(
    pretence,
    "for (const [key, value] of [['versions', { node: '18.19.0' }], ['version', 'v18.19.0']])\n" +
      '  Object.defineProperty(process, key, { value });\n',
  );
  const link = path.join(directory, 'obs-code-sync');
  await symlink(file, link);
  return (...args: string[]) => launch([process.execPath, '--require', pretence, link, ...args], {});
}

test('under an old Node the pinned one runs the program, which knows how it was called', async () => {
  const start = await startedByOldNode(launcher);
  const help = await start('sync', '--help').exit;
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: obs-code-sync sync [options]');
  expect(await start('sync', '--nothing').exit).toMatchObject({ exitCode: 2 });
});

test('signals reach the program, and its exit code comes back', async () => {
  const start = await startedByOldNode(launcher);
  const command = start('simulate', '--port', '0');
  await command.waitForOutput(/"baseUrl":/);
  command.signal('SIGTERM');
  expect(await command.exit).toMatchObject({ exitCode: 0, stderr: '' });
});

test('where there is no Node that can run it, one line says which is needed', async () => {
  const start = await startedByOldNode(path.join(await bareLauncher(), 'src/bin.js'));
  const result = await start('sync').exit;
  expect(result).toMatchObject(none);
  expect(result.stderr).toMatch(/^obs-code-sync needs Node 22\.22 or later, and this is v18\.19\.0: .*\n$/);
});

test.each(['start', 'demo'] as const)('npm run %s without the packages is one line, too', async (name) => {
  const cwd = await bareLauncher();
  await copyFile(path.join(root, 'src/main.ts'), path.join(cwd, 'src/main.ts'));
  const result = await launch(['sh', '-c', manifest.scripts[name]], { cwd }).exit;
  expect(result).toMatchObject(none);
  expect(result.stderr).toMatch(/^The packages of obs-code-sync are not installed.*run "npm ci".*\n$/);
});
