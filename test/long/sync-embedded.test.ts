import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { run, start } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('a second process is kept out; one that was killed leaves nothing in the way of the next', async () => {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
  onTestFinished(() => simulator.close());
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: 'pglite:data' },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1, 2], timeout: '60s' }],
  });
  const sync = () => run(['sync', '--json'], { config });
  expect(await run(['migrate'], { config })).toMatchObject({ exitCode: 0 });
  simulator.vdn(2).fault({ kind: 'hang' });
  const first = start(['sync', '--json'], { config });
  onTestFinished(() => first.signal('SIGKILL'));
  await expect.poll(() => simulator.requests.ofVdn(2), { timeout: 30_000 }).toBe(1);

  expect((await sync()).json()).toMatchObject({
    ...{ exitCode: 75, status: 'refused', runId: null },
    error: {
      code: 'locked',
      message: expect.stringMatching(
        /another process works with the embedded database in .*data\. Wait until/,
      ),
    },
  });
  expect(simulator.requests.total).toBe(2);

  first.signal('SIGKILL');
  await first.exit;
  simulator.vdn(2).clearFaults();
  const next = (await sync()).json();
  expect(next).toMatchObject({ exitCode: 0, vdns: { total: 2, failed: 0, skipped: 0 } });
  const status = await run(['status', '--json'], { config });
  expect(JSON.stringify(status.json())).toMatch(/"interrupted"/);
});
