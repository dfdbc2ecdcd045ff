import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { startOnTerminal } from '../support/terminal.ts';

const esc = '\u001b';
const colours = new RegExp(`${esc}\\[[0-9;]*[1-9][0-9;]*m`);
const barText = /(\d+)\/12 VDNs · (\d+) requests · (\d+) in trouble/g;

/** A run slow enough to see, in which VDNs 3, 6 and 9 fail with a message that no line of 80 cells holds. */
async function troubledRun() {
  const setup = await syncSetup({ vdns: ['1-12'], source: { concurrency: 1 } });
  setup.simulator.fault({ kind: 'delay', ms: 60 });
  for (const vdnId of [3, 6, 9])
    setup.simulator
      .vdn(vdnId)
      .fault({ kind: 'failure', resultCode: '02000007', resultDesc: '错误'.repeat(40) });
  return setup;
}

describe.each([80, 160])('on a terminal of %i columns', (columns) => {
  test('warnings are complete above the bar, which leaves nothing behind', async () => {
    const { config } = await troubledRun();
    const { exitCode, stdout, lines, cursorShown, wraps } = await startOnTerminal(['sync'], {
      config,
      columns,
    }).exit;
    expect(exitCode).toBe(3);
    const done = [...stripVTControlCharacters(stdout).matchAll(barText)].map(([, number]) => Number(number));
    expect(done[0]).toBe(0);
    expect(new Set(done).size).toBeGreaterThan(2);
    expect(lines.filter((line) => line.includes('█') || line.includes('░'))).toEqual([]);
    const warnings = lines.filter((line) => line.includes('WARN'));
    expect(warnings).toHaveLength(3);
    for (const warning of warnings) expect(warning).toContain('错误'.repeat(40));
    const summary = lines.findIndex((line) => line.startsWith('Run 1 partial (exit code 3) in '));
    expect(summary).toBeGreaterThan(lines.findLastIndex((line) => line.includes('WARN')));
    expect(lines.slice(summary + 1, summary + 4)).toEqual([
      '',
      'VDNs   12 in all, 9 changed, 3 failed',
      'Codes  90 added',
    ]);
    expect({ cursorShown, wraps }).toEqual({ cursorShown: true, wraps: true });
  });

  test('Ctrl-C leaves the screen, the cursor and the wrap as they were', async () => {
    const { config, simulator } = await troubledRun();
    simulator.vdn(5).fault({ kind: 'hang' });
    const command = startOnTerminal(['sync'], { config, columns });
    onTestFinished(() => command.kill('SIGKILL'));
    await command.waitForOutput(/[45]\/12 VDNs/);
    command.press('\u0003');
    const { exitCode, lines, cursorShown, wraps } = await command.exit;
    expect(exitCode).toBe(130);
    expect({ cursorShown, wraps }).toEqual({ cursorShown: true, wraps: true });
    expect(lines.filter((line) => line.includes('█') || line.includes('░'))).toEqual([]);
    expect(lines.find((line) => line.startsWith('VDNs '))).toBe(
      'VDNs   12 in all, 3 changed, 1 failed, 8 skipped',
    );
  });
});

test('a warning has the same words on the terminal as in the log', async () => {
  const { config } = await troubledRun();
  const { lines } = await startOnTerminal(['sync', '--dry-run'], { config }).exit;
  const { stderr } = await call(['sync', '--dry-run'], config);
  const logged = stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ level }) => level === 'warn')
    .map(({ msg }) => msg);
  const shown = lines.flatMap((line) => /WARN: (.*)/.exec(line)?.slice(1) ?? []);
  expect(logged).toHaveLength(3);
  expect(shown.toSorted()).toEqual(logged.toSorted());
});

test('a dumb terminal gets neither a bar nor a control code', async () => {
  const { config } = await troubledRun();
  const { stdout } = await startOnTerminal(['sync'], { config, env: { TERM: 'dumb' } }).exit;
  expect(stdout).toContain('VDNs   12 in all');
  expect(stdout).not.toContain(esc);
  expect(stdout).not.toContain('█');
});

test('requests are counted while the first VDN is still under way', async () => {
  const { config, simulator } = await syncSetup({ vdns: [1], source: { retries: 3 } });
  simulator.vdn(1).fault({ kind: 'status', status: 500 });
  const command = startOnTerminal(['sync'], { config });
  onTestFinished(() => command.kill('SIGKILL'));
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

test('hostile text of the server reaches the terminal escaped', async () => {
  const { config, simulator } = await syncSetup({ vdns: [1, 2] });
  simulator.vdn(1).change('00605', 'Busy\u001b]0;title\u0007\u001b[2J\u202e.');
  simulator.vdn(2).fault({ kind: 'failure', resultCode: '1\u001b[2J', resultDesc: '\u009b2J' });
  const { stdout } = await startOnTerminal(['sync', '--dry-run'], { config }).exit;
  for (const hostile of ['\u001b[2J', '\u001b]', '\u0007', '\u009b', '\u202e'])
    expect(stdout).not.toContain(hostile);
  expect(stripVTControlCharacters(stdout)).toContain('Busy\\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{202e}.');
});
