import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { startOnTerminal } from '../support/terminal.ts';

/** Texts of which only the end differs, in a script without blanks. */
const chinese = (number: number) => `${'外呼任务因客户拒绝接听而结束'.repeat(4)}第${number}号`;
const arabic = 'انتهت المكالمة الصادرة لأن العميل رفض الرد على المكالمة عدة مرات متتالية';

/** 44 VDNs, fewer removals than the guard of the source looks at: 40 with one and the same difference, 3 that fail alike, one whose list became empty. */
async function changedSource() {
  const setup = await syncSetup({ vdns: ['1-43', 50], codesPerVdn: 9, source: { retries: 0 } });
  const { simulator } = setup;
  const codes = simulator.vdn(1).codes();
  for (let vdnId = 1; vdnId <= 40; vdnId++) simulator.vdn(vdnId).replace(codes);
  expect(await setup.sync()).toMatchObject({ exitCode: 0 });
  const [first, second, ...rest] = codes;
  const added = [1, 2, 3].map((number) => ({ obsCode: `0090${number}`, obsCodeDesc: chinese(number) }));
  const list = [{ ...first, obsCode: first?.obsCode ?? '', obsCodeDesc: arabic }, ...rest, ...added];
  for (let vdnId = 1; vdnId <= 40; vdnId++) simulator.vdn(vdnId).replace(list);
  simulator.vdn(50).replace([]);
  for (const vdnId of [41, 42, 43])
    simulator.vdn(vdnId).fault({ kind: 'failure', resultCode: '02000007', resultDesc: chinese(9) });
  return { ...setup, changed: first?.obsCode, removed: second?.obsCode };
}

test('people read all of every text, at 80 cells and in a pipe, and what is alike once', async () => {
  const { config, changed, removed } = await changedSource();
  for (const args of [['check'], ['sync', '--dry-run'], ['sync'], ['changes'], ['status']]) {
    const { lines } = await startOnTerminal(args, { config, columns: 80 }).exit;
    const summary = lines.slice(lines.findLastIndex((line) => line.includes('WARN')) + 1);
    // A path alone may be longer than the screen.
    expect(summary.filter((line) => stringWidth(line) > 80 && !line.includes('/'))).toEqual([]);
    expect(summary.join('\n')).not.toMatch(/\S…/);
  }

  const changes = (await call(['changes'], config)).stdout;
  for (const number of [1, 2, 3])
    expect(changes).toMatch(new RegExp(`^added +0090${number} +— +${chinese(number)} +1-40$`, 'm'));
  expect(changes).toMatch(new RegExp(`^changed +${changed} +\\S.* ${arabic} +1-40$`, 'm'));
  expect(changes).toMatch(new RegExp(`^removed +${removed} +\\S.* — +1-40$`, 'm'));

  const status = (await call(['status'], config)).stdout;
  expect(status.match(/^test +41-43 +failing/gm)).toHaveLength(1);
  expect(status).toContain(chinese(9));
});

test('a dry run says what would change', async () => {
  const { config, changed, removed } = await changedSource();
  const { stdout, exitCode } = await call(['sync', '--dry-run'], config);
  expect(exitCode).toBe(3);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe('Would add 120, change 40, remove 40 codes in 40 VDNs');
  expect(lines.length).toBeLessThan(50);
  expect(stdout).toMatch(/^test +41-43 +failed: isales-error/m);
  expect(stdout).toMatch(/^test +50 +would be held\n {2}the list is empty /m);
  expect(stdout).toMatch(new RegExp(`^changed +${changed} .* 1-40$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^removed +${removed} .* 1-40$`, 'm'));
});
