import { expect, onTestFinished, test } from 'vitest';
import { startThroughNpm } from '../support/command.ts';
import { groupMembers } from '../support/process-group.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { startOnTerminal } from '../support/terminal.ts';

/** A sync under way, with one VDN done and another whose request hangs. */
async function hangingSync() {
  const setup = await syncSetup({ vdns: [1, 2], source: { timeout: '60s' } });
  setup.simulator.vdn(2).fault({ kind: 'hang' });
  const command = startThroughNpm(['sync', '--json'], { config: setup.config });
  onTestFinished(() => command.signal('SIGKILL', 'group'));
  const done = 'select vdn_id from obs.vdn where last_outcome is not null';
  await until('VDN 1 is done', async () => (await setup.rows(done)).length === 1);
  return { ...setup, command };
}

test.for([
  { signal: 'SIGTERM', to: 'process', exitCode: 143 },
  { signal: 'SIGINT', to: 'process', exitCode: 130 },
  { signal: 'SIGINT', to: 'group', exitCode: 130 },
] as const)(
  '$signal to npm ($to) interrupts the run and leaves no process',
  async ({ signal, to, exitCode }) => {
    const { command, rows } = await hangingSync();
    expect(groupMembers(command.pid).length).toBeGreaterThan(1);
    command.signal(signal, to);
    const result = await command.exit;
    expect(groupMembers(command.pid)).toEqual([]);
    // npm passes a signal on to a program that had it already, and Node no longer listens in its very last moment; to a
    // shell both are the same.
    const ended = result.exitCode ?? result.signal;
    expect(ended).toBe(to === 'group' && ended === signal ? signal : exitCode);
    expect(result.json()).toMatchObject({ status: 'interrupted', exitCode, vdns: { changed: 1 } });
    expect(await rows('select status, exit_code from obs.sync_run')).toEqual([
      { status: 'interrupted', exit_code: exitCode },
    ]);
  },
);

test.for([
  { signal: 'SIGTERM', to: 'process' },
  { signal: 'SIGINT', to: 'group' },
] as const)('$signal to npm ($to) ends the simulator and leaves no process', async ({ signal, to }) => {
  const command = startThroughNpm(['simulate', '--port', '0']);
  onTestFinished(() => command.signal('SIGKILL', 'group'));
  const [, baseUrl = ''] = await command.waitForOutput(/"baseUrl":"([^"]+)"/);
  expect(await fetch(baseUrl)).toMatchObject({ status: 404 });
  command.signal(signal, to);
  expect(await command.exit).toMatchObject({ stderr: '' });
  expect(groupMembers(command.pid)).toEqual([]);
  await expect(fetch(baseUrl)).rejects.toThrow();
});

test('a person at a terminal sees a progress bar and a table, and no JSON', async () => {
  const { config } = await syncSetup({ vdns: ['1-3'] });
  const { exitCode, stdout } = await startOnTerminal(['sync'], { config }).exit;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/3\/3/);
  expect(stdout).toContain('─────');
  expect(stdout).not.toContain('{"');
});
