import { stripVTControlCharacters } from 'node:util';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { syncSetup } from '../support/sync-setup.ts';
import { noTerminal, startOnTerminal } from '../support/terminal.ts';

/** What every control sequence of a terminal begins with. */
const csi = '\u001b[';
const colours = new RegExp(`${csi.replace('[', '\\[')}[0-9;]*[1-9][0-9;]*m`);

beforeEach((context) => {
  const reason = noTerminal();
  if (reason !== undefined) context.skip(reason);
});

test('a bar goes from none to all VDNs, is cleared, and the summary stays', async () => {
  const { config, simulator } = await syncSetup({ vdns: ['1-12'], source: { concurrency: 1 } });
  simulator.fault({ kind: 'delay', ms: 60 });
  simulator.vdn(3).fault({ kind: 'failure', resultCode: '02000007' });
  const { exitCode, stdout } = await startOnTerminal(['sync'], { config }).exit;
  expect(exitCode).toBe(3);
  const shown = stripVTControlCharacters(stdout);
  const bars = [...shown.matchAll(/(\d+)\/12 VDNs · (\d+) requests · (\d+) in trouble/g)].map(([, done]) =>
    Number(done),
  );
  expect(bars[0]).toBe(0);
  expect(new Set(bars).size).toBeGreaterThan(2);
  expect(bars).toEqual(bars.toSorted((a, b) => a - b));
  // What comes last is the summary, and the cursor is there again.
  expect(shown.lastIndexOf('VDNs ·')).toBeLessThan(shown.indexOf('Run 1 partial'));
  expect(stdout.lastIndexOf(`${csi}?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${csi}?25l`));
  // The log is for people here, and no line of it is broken by the bar.
  expect(shown).toMatch(
    /\d\d:\d\d:\d\d.* WARN.*: VDN 3 failed: the server answered with failure code "02000007"/,
  );
  expect(shown).not.toContain('{"level"');
  expect(stdout).toMatch(colours);
});

test('requests are counted while the first VDN is still under way', async () => {
  const { config, simulator } = await syncSetup({ vdns: [1], source: { retries: 3 } });
  simulator.vdn(1).fault({ kind: 'status', status: 500 });
  const command = startOnTerminal(['sync'], { config });
  onTestFinished(() => command.signal('SIGKILL', 'group'));
  await command.waitForOutput(/0\/1 VDNs · [1-9] requests/);
});

test('with NO_COLOR there are no colours, while the bar is still there', async () => {
  const { config, simulator } = await syncSetup({ vdns: ['1-3'] });
  simulator.vdn(3).fault({ kind: 'failure', resultCode: '02000007' });
  const { exitCode, stdout } = await startOnTerminal(['sync'], { config, env: { NO_COLOR: '1' } }).exit;
  expect(exitCode).toBe(3);
  expect(stdout).not.toMatch(colours);
  expect(stripVTControlCharacters(stdout)).toMatch(/\d\/3 VDNs ·/);
});

test('hostile text of the server reaches the terminal as plain characters', async () => {
  const { config, simulator } = await syncSetup({ vdns: [1, 2] });
  simulator.vdn(1).change('00605', 'Busy\u001b]0;title\u0007\u001b[2J\u202e.');
  simulator.vdn(2).fault({ kind: 'failure', resultCode: '1\u001b[2J', resultDesc: '\u009b2J' });
  const { stdout } = await startOnTerminal(['sync', '--dry-run'], { config }).exit;
  for (const hostile of [`${csi}2J`, '\u001b]', '\u0007', '\u009b', '\u202e'])
    expect(stdout).not.toContain(hostile);
  expect(stripVTControlCharacters(stdout)).toContain('Busy\\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{202e}.');
});
