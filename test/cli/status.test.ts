import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { query } from '../support/template-database.ts';

interface Status {
  vdns: Record<'configured' | 'stale' | 'failing' | 'held', number>;
  inTrouble: { vdnId: number; stale: boolean; failing: boolean; held: boolean; errorCode: string | null }[];
  held: {
    plan: string;
    vdnIds: number[];
    heldSince: string;
    reason: string;
    runId: number;
    approve: string;
    difference: { kind: string }[];
  }[];
  heldSources: { source: string; vdns: number; plan: string; approve: string }[];
  runs: { runId: number; status: string; exitCode: number | null }[];
}

describe('status', () => {
  test('says that there is nothing yet', async () => {
    const { config } = await syncSetup({ vdns: [1] });
    const result = await call(['status'], config);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain('No VDN has been synced yet');
  });

  test('lists what is stale, failing and held, with the difference in words and the command that approves it', async () => {
    const { config, simulator, sync, url } = await syncSetup({ vdns: ['1-4'], source: { retries: 0 } });
    const codes = simulator.vdn(2).codes();
    simulator.vdn(3).replace(codes);
    await sync();
    // VDN 1 fails, VDNs 2 and 3 lose the same half of their codes, VDN 4 was verified long ago.
    simulator.vdn(1).fault({ kind: 'failure', resultCode: '0200001', resultDesc: 'vdnId is wrong' });
    for (const vdnId of [2, 3]) simulator.vdn(vdnId).replace(codes.slice(5));
    await sync('--vdn', '1-3');
    await query(
      url,
      `update obs.vdn set last_verified_at = last_verified_at - interval '2 days' where vdn_id = 4`,
    );

    const json = (await call(['status', '--json'], config)).json() as Status;
    expect(json.vdns).toEqual({ configured: 4, stale: 1, failing: 1, held: 2 });
    expect(json.inTrouble).toMatchObject([
      { vdnId: 1, failing: true, errorCode: 'isales-error' },
      { vdnId: 2, held: true },
      { vdnId: 3, held: true },
      { vdnId: 4, stale: true },
    ]);
    expect(json.runs).toMatchObject([
      { runId: 2, status: 'partial', exitCode: 3 },
      { runId: 1, status: 'succeeded', exitCode: 0 },
    ]);
    const [held] = json.held;
    expect(json.held).toMatchObject([{ vdnIds: [2, 3], plan: expect.stringMatching(/^[0-9a-f]{16}$/) }]);
    expect(held?.approve).toMatch(/^node \/.+\/src\/main\.ts sync --approve /);
    expect(held?.approve).toContain(` ${held?.plan} --config ${config}`);
    expect(held?.difference.map(({ kind }) => kind)).toEqual(Array(5).fill('removed'));

    const whole = await call(['status', '--plan', held?.plan ?? ''], config);
    for (const { obsCode } of codes.slice(0, 5))
      expect(whole.stdout).toMatch(new RegExp(`^removed +${obsCode} `, 'm'));
    expect((await call(['status', '--json', '--plan', held?.plan ?? ''], config)).json()).toEqual({
      held: [held],
      heldSources: [],
    });
    const unknown = await call(['status', '--json', '--plan', '0123456789abcdef'], config);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.json()).toEqual({
      error: {
        code: 'usage',
        message: `Nothing is held under the plan 0123456789abcdef. Held: ${held?.plan}.`,
      },
    });

    const { stdout } = await call(['status'], config);
    expect(stdout).toContain('Of 4 VDNs: 1 stale, 1 failing, 2 held.');
    expect(stdout).toMatch(/^Held: plan [0-9a-f]{16}, test, VDN 2-3$/m);
    expect(stdout).toContain(`\n${held?.reason}\n`);
    expect(stdout).toMatch(/^Since \d{4}-\d\d-\d\d \S+ UTC, run 2\. The source would remove 5 codes\.$/m);
    expect(stdout).toContain(held?.approve);
    expect(stdout).toContain('isales-error');
  });
  test('all that a source has held is one plan, and its command is printed', async () => {
    const { config, simulator, sync } = await syncSetup({ vdns: ['1-3'] });
    await sync();
    for (const vdnId of [2, 3]) simulator.vdn(vdnId).replace([]);
    simulator.vdn(3).add('00999', 'One is left.');
    expect(await sync()).toMatchObject({ exitCode: 4 });
    const { heldSources, held } = (await call(['status', '--json'], config)).json() as Status;
    expect(heldSources).toMatchObject([{ source: 'test', vdns: 2, plans: 2 }]);
    const [all] = heldSources;
    const { stdout } = await call(['status'], config);
    expect(stdout).toContain(
      `All that test has held, 2 plans in 2 VDNs, is applied at once with:\n  ${all?.approve}\n`,
    );
    const shown = await call(['status', '--json', '--plan', all?.plan ?? ''], config);
    expect(shown.json()).toEqual({ held, heldSources: [all] });
    expect(await sync('--approve', all?.plan ?? '')).toMatchObject({ exitCode: 0 });
  });
  test('says during a run how far it is', async () => {
    const { config, simulator, startSync } = await syncSetup({ vdns: ['1-3'], source: { timeout: '60s' } });
    simulator.vdn(3).fault({ kind: 'hang' });
    const command = startSync();
    onTestFinished(() => command.signal('SIGKILL', 'group'));
    const status = async () => (await call(['status'], config)).stdout;
    await expect.poll(status, { timeout: 20_000 }).toMatch(/^1 .* running +2 of 3 done /m);
    expect(await status()).not.toContain('skipped');
  });
});
