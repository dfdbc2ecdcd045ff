import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { run, start } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

async function embedded() {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
  onTestFinished(() => simulator.close());
  const directory = await temporaryDirectory();
  const config = await writeConfig(directory, {
    database: { url: 'pglite:data' },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1, 2], timeout: '60s' }],
  });
  const sync = (...args: string[]) => run(['sync', '--json', ...args], { config });
  return { simulator, config, directory, sync };
}

test('a schema that is not there is refused, brought up where asked for, and lasts', async () => {
  const { sync, config, directory } = await embedded();
  expect(summaryOf(await sync())).toMatchObject({
    ...{ exitCode: 7, runId: null },
    error: {
      code: 'database-unusable',
      message: expect.stringMatching(/Run `node .* migrate --config .*` first/),
    },
  });
  const migrated = await run(['migrate'], { config });
  expect(migrated).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Applied to schema obs in .*data: 0001_/),
  });
  expect(summaryOf(await sync())).toMatchObject({ exitCode: 0, runId: 1, codes: { added: 20 } });
  expect(summaryOf(await sync('--migrate'))).toMatchObject({ exitCode: 0, runId: 2, vdns: { unchanged: 2 } });
  // The lock lies beside the data, so that no file of the database is in its way.
  expect((await stat(path.join(directory, 'data/pgdata'))).isDirectory()).toBe(true);
  await expect(stat(path.join(directory, 'data/lock'))).rejects.toThrow('ENOENT');
});

test('a second process is kept out; one that was killed leaves nothing in the way of the next', async () => {
  const { sync, config, simulator } = await embedded();
  expect(await run(['migrate'], { config })).toMatchObject({ exitCode: 0 });
  simulator.vdn(2).fault({ kind: 'hang' });
  const first = start(['sync', '--json'], { config });
  onTestFinished(() => first.signal('SIGKILL'));
  await expect.poll(() => simulator.requests.ofVdn(2), { timeout: 30_000 }).toBe(1);

  expect(summaryOf(await sync())).toMatchObject({
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
  const next = summaryOf(await sync());
  expect(next).toMatchObject({ exitCode: 0, vdns: { total: 2, failed: 0, skipped: 0 } });
  const status = await run(['status', '--json'], { config });
  expect(JSON.stringify(status.json())).toMatch(/"interrupted"/);
}, 120_000);
