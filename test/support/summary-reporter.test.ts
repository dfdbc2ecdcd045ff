import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { launch } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs vitest over the files, with the project's reporter, and gives the last lines of its output. */
async function lastLines(count: number, files: Readonly<Record<string, string>>) {
  // Within the project, since the files import vitest; git ignores the directory.
  await mkdir(path.join(root, 'tmp'), { recursive: true });
  const directory = await mkdtemp(path.join(root, 'tmp/reporter-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(
      path.join(directory, name),
      `import { beforeAll, describe, test } from 'vitest';\n${text}`,
    );
  }
  const reporter = path.join(root, 'test/support/summary-reporter.ts');
  await writeFile(
    path.join(directory, 'vitest.config.ts'),
    `import { summaryReporter } from '${reporter}';
     export default { test: { reporters: ['default', summaryReporter()], testTimeout: 2000 } };`,
  );
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const { exitCode, stdout } = await launch([process.execPath, vitest, 'run'], { cwd: directory }).exit;
  return { exitCode, lines: stdout.trimEnd().split('\n').slice(-count) };
}

test('a run that succeeds says so on its last line', async () => {
  const result = await lastLines(1, { 'a.test.ts': `test('one', () => {}); test('two', () => {});` });
  expect(result).toEqual({ exitCode: 0, lines: ['2 passed, 0 failed'] });
});

test('what is skipped is named with its reason', async () => {
  const text = `test('one', () => {}); test('two', (context) => context.skip('no terminal'));`;
  const result = await lastLines(2, { 'a.test.ts': text });
  expect(result).toEqual({
    exitCode: 0,
    lines: ['skipped: two (no terminal)', '1 passed, 0 failed, 1 skipped'],
  });
});

const broken = {
  'a test that fails': `test('one', () => { throw new Error('no'); });`,
  'an import that fails': `await import('./nowhere.ts');`,
  'an error outside the tests': `test('one', async () => {
    setTimeout(() => { throw new Error('late'); });
    await new Promise((resolve) => setTimeout(resolve, 50));
  });`,
  'a hook that fails': `describe('all', () => {
    beforeAll(() => { throw new Error('no'); });
    test('one', () => {});
  });`,
  'a worker that dies': `test('one', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });`,
  'no test at all': undefined,
};

test.for(Object.entries(broken))('at least one has failed after %s', async ([, text]) => {
  const { exitCode, lines } = await lastLines(1, text === undefined ? {} : { 'a.test.ts': text });
  expect(exitCode).toBe(1);
  expect(lines[0]).toMatch(/^\d+ passed, [1-9]\d* failed(, \d+ skipped)?$/);
});
