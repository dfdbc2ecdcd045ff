import { expect, test } from 'vitest';
import { syncSetup } from '../support/sync-setup.ts';

// Dashboards and log alerts use these fields: none may be removed or change its meaning.
test('log lines have stable fields: one line for the run at info, one for each VDN that is not unchanged', async () => {
  const { simulator, sync } = await syncSetup({ vdns: ['1-4'], source: { retries: 0 } });
  const first = lines((await sync()).stderr);
  expect(first.filter(({ vdnId }) => vdnId !== undefined)).toHaveLength(4);

  simulator.vdn(1).change('00605', 'Engaged.');
  simulator.vdn(2).fault({ kind: 'status', status: 404 });
  simulator.vdn(3).replace([]);
  const { stderr } = await sync('--log-level', 'debug');
  const all = lines(stderr);
  for (const line of all) {
    expect(line).toMatchObject({
      level: expect.stringMatching(/^(debug|info|warn)$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      runId: 2,
      msg: expect.any(String),
    });
  }
  const outcomes = all.filter(({ outcome }) => outcome !== undefined);
  const common = { runId: 2, source: 'test', requests: 1, durationMs: expect.any(Number) };
  const byVdn = new Map(outcomes.map((line) => [line.vdnId, line]));
  expect(outcomes).toHaveLength(4);
  expect(byVdn.get(1)).toMatchObject({ ...common, level: 'info', outcome: 'changed', codes: { changed: 1 } });
  expect(byVdn.get(2)).toMatchObject({
    ...common,
    ...{ level: 'warn', outcome: 'failed', errorCode: 'http-status' },
  });
  expect(byVdn.get(3)).toMatchObject({
    ...{ ...common, requests: 2 },
    ...{ level: 'warn', outcome: 'held', plan: expect.stringMatching(/^[0-9a-f]{16}$/) },
  });
  expect(byVdn.get(4)).toMatchObject({ ...common, level: 'debug', outcome: 'unchanged' });

  const requests = all.filter(({ msg }) => msg === 'request');
  // A list that loses codes is read once more.
  expect(requests).toHaveLength(5);
  for (const request of requests) {
    expect(request).toMatchObject({
      ...{ level: 'debug', source: 'test', vdnId: expect.any(Number), durationMs: expect.any(Number) },
      result: expect.stringMatching(/^(ok|http-status)$/),
    });
  }
  const runs = all.filter(({ status }) => status !== undefined);
  expect(runs).toEqual([
    expect.objectContaining({
      ...{ level: 'info', status: 'partial', exitCode: 3, durationMs: expect.any(Number), requests: 5 },
      vdns: { total: 4, unchanged: 1, changed: 1, failed: 1, held: 1, skipped: 0, fresh: 0, unconfigured: 0 },
      codes: { added: 0, changed: 1, removed: 0, returned: 0 },
    }),
  ]);
  // At info, an unchanged night is one line.
  const quiet = lines((await sync('--vdn', '4')).stderr);
  expect(quiet).toMatchObject([{ level: 'info', runId: 3, status: 'succeeded', exitCode: 0 }]);
});

function lines(stderr: string): Record<string, unknown>[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
