import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

test('a schema that is not there is refused, brought up where asked for, and lasts', async () => {
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
  onTestFinished(() => simulator.close());
  const directory = await temporaryDirectory();
  const config = await writeConfig(directory, {
    database: { url: 'pglite:data' },
    sources: [{ baseUrl: simulator.baseUrl, vdns: [1, 2] }],
  });
  const sync = (...args: string[]) => call(['sync', '--json', ...args], config);
  expect(summaryOf(await sync())).toMatchObject({
    ...{ exitCode: 7, runId: null },
    error: {
      code: 'database-unusable',
      message: expect.stringMatching(/Run `node .* migrate --config .*` first/),
    },
  });
  const migrated = await call(['migrate'], config);
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
