import { describe, expect, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { rowVersions } from '../support/row-versions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { summaryOf } from './summary-shape.ts';

describe('for people', () => {
  test('a table of what changed, logs on stderr as JSON, no progress bar and no colours', async () => {
    const { simulator, config } = await syncSetup({ vdns: ['1-3'] });
    simulator.vdn(2).fault({ kind: 'failure', resultCode: '02000007', resultDesc: 'vdn\u001b[2J' });
    const { exitCode, stdout, stderr } = await call(['sync'], config);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^Run 1 partial \(exit code 3\) in .*, 3 requests\n/);
    expect(stdout).toContain('VDNs   3 in all, 2 changed, 1 failed');
    expect(stdout).toContain('Codes  20 added');
    expect(stdout).toMatch(/^test +1, 3 +changed: 10 added$/m);
    expect(stdout).toMatch(/^test +2 +failed: isales-error$/m);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        runId: 1,
        source: 'test',
        vdnId: 2,
        errorCode: 'isales-error',
      }),
    );
    expect(lines.at(-1)).toMatchObject({ level: 'info', runId: 1, status: 'partial', exitCode: 3 });
    for (const mark of ['\u001b', 'VDNs ·']) expect(stdout + stderr).not.toContain(mark);
  });

  test('a dry run shows the difference row by row', async () => {
    const { simulator, config, sync, url } = await syncSetup({ vdns: [1] });
    summaryOf(await sync());
    const vdn = simulator.vdn(1);
    vdn.add('00999', 'Brand\u001b[31m new.');
    vdn.remove('00602');
    vdn.change('00604', null);
    vdn.change('00603', '😀😀 ｱﾝｻﾞｰ 응답 없음');
    const stored = await rowVersions(url);
    const { exitCode, stdout } = await call(['sync', '--dry-run'], config);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Dry run succeeded in /);
    expect(stdout).toContain('test, would be applied:');
    expect(stdout).toMatch(/^removed +00602 +ACD无可用资源。 +— +1$/m);
    expect(stdout).toMatch(/^changed +00604 +呼叫被拒绝。 +— +1$/m);
    expect(stdout).toMatch(/^changed +00603 +被叫用户无应答。 +😀😀 ｱﾝｻﾞｰ 응답 없음 +1$/m);
    expect(stdout).toMatch(/^added +00999 +— +Brand\\u\{1b\}\[31m new\. +1$/m);
    expect(await rowVersions(url)).toEqual(stored);
  });
});

// Which VDNs a choice is, and what is no choice: test/unit/sync/selection.test.ts.
test('a part of what is configured is read, and nothing else is marked; what is not configured is refused', async () => {
  const { sync, rows, simulator, config } = await syncSetup({ sources: ['north', 'south'], vdns: ['1-3'] });
  const part = summaryOf(await sync('--source', 'north', '--vdn', '1,3'));
  expect(part.vdns).toMatchObject({ total: 2, changed: 2 });
  expect(
    await rows('select source, vdn_id from obs.vdn where last_verified_at is not null order by 2'),
  ).toEqual([
    { source: 'north', vdn_id: 1 },
    { source: 'north', vdn_id: 3 },
  ]);
  expect(await rows('select from obs.vdn where not configured')).toEqual([]);
  const requests = simulator.requests.total;
  expect(await call(['sync', '--source', 'soth'], config)).toMatchObject({
    ...{ exitCode: 2, stdout: '' },
    stderr: expect.stringMatching(/There is no source soth in the configuration; it has north, south\./),
  });
  expect(simulator.requests.total).toBe(requests);
});

test('--migrate brings the schema up first, and is no harm where it is up', async () => {
  const { rows, sync } = await syncSetup({ vdns: [1] });
  await rows('drop schema obs cascade');
  for (const codes of [{ added: 10 }, { added: 0 }]) {
    expect(summaryOf(await sync('--migrate'))).toMatchObject({ exitCode: 0, codes });
  }
  expect(await rows('select count(*)::integer as codes from obs.result_code')).toEqual([{ codes: 10 }]);
});
