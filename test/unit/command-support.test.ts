import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { launch } from '../support/command.ts';
import { groupMembers } from '../support/process-group.ts';
import { launchOnTerminal } from '../support/terminal.ts';

const node = (script: string, timeoutMs = 15_000) => launch([process.execPath, '-e', script], { timeoutMs });

test('a command gives its exit code and both streams', async () => {
  const result = await node(`console.log('{"a":1}'); console.error('said'); process.exitCode = 3`).exit;
  expect(result).toMatchObject({ exitCode: 3, signal: null, stdout: '{"a":1}\n', stderr: 'said\n' });
  expect(result.json()).toEqual({ a: 1 });
});

test('two documents on stdout are not taken for one', async () => {
  const result = await node(`console.log('{}'); console.log('{}')`).exit;
  expect(() => result.json()).toThrow('not one JSON document');
});

test('nothing of the shell that runs the tests reaches a command', async () => {
  process.env.PGPASSWORD = 'of the developer';
  process.env.OBS_CODE_SYNC_CONFIG = 'of the developer';
  try {
    const { stdout } = await node('console.log(JSON.stringify(process.env))').exit;
    expect(stdout).not.toContain('of the developer');
  } finally {
    delete process.env.PGPASSWORD;
    delete process.env.OBS_CODE_SYNC_CONFIG;
  }
});

const withChild = `require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
  console.log('ready'); setInterval(() => {}, 1000);`;

test('a command that runs too long is killed with its children', async () => {
  const command = node(withChild, 1_000);
  await command.waitForOutput(/ready/);
  expect(groupMembers(command.pid)).toHaveLength(2);
  await expect(command.exit).rejects.toThrow('Still running after 1000 ms');
  await expect.poll(() => groupMembers(command.pid)).toEqual([]);
});

test('a command does not outlive the process that started it, however that ends', async () => {
  const support = new URL('../support/command.ts', import.meta.url).href;
  const inner = `console.log(process.pid, 'up', process.cwd()); setInterval(() => {}, 1000);`;
  const outer = launch(
    [
      ...[process.execPath, '--input-type=module', '-e'],
      `const { launch } = await import('${support}');
       const command = launch([process.execPath, '-e', ${JSON.stringify(inner)}], {});
       console.log((await command.waitForOutput(/.+ up .+/))[0]);`,
    ],
    {},
  );
  const [, pid, directory = ''] = await outer.waitForOutput(/(.+) up (.+)/);
  expect(groupMembers(Number(pid))).toHaveLength(1);
  outer.signal('SIGKILL');
  await expect.poll(() => groupMembers(Number(pid))).toEqual([]);
  await expect.poll(() => existsSync(directory)).toBe(false);
});

test('a signal goes to the process alone, or to its group', async () => {
  const command = node(withChild);
  await command.waitForOutput(/ready/);
  command.signal('SIGTERM');
  await expect.poll(() => groupMembers(command.pid)).toHaveLength(1);
  command.signal('SIGTERM', 'group');
  expect(await command.exit).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
  expect(groupMembers(command.pid)).toEqual([]);
});

test('waiting for output ends when the command does', async () => {
  const command = node(`console.log('something else')`);
  await expect(command.waitForOutput(/never/)).rejects.toThrow('The command ended without /never/');
});

test('on a terminal the command sees a terminal', async () => {
  const script = `console.log(process.stdout.isTTY + " it's " + process.stdout.columns); process.exitCode = 5`;
  const { exitCode, stdout } = await launchOnTerminal([process.execPath, '-e', script]).exit;
  expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "true it's 120\r\n" });
});
