import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../support/command.ts';
import { call } from '../support/in-process.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { summaryOf } from './summary-shape.ts';

test('a file that cannot be written is refused before anything is contacted', async () => {
  const { sync, simulator, rows } = await syncSetup({ vdns: [1] });
  const result = await sync('--summary-file', '/nowhere/summary.json');
  expect(summaryOf(result)).toMatchObject({ exitCode: 2, status: 'refused', error: { code: 'usage' } });
  expect(result.stderr).toMatch(
    /summary cannot be written to \/nowhere\/summary\.json: there is no such folder.*--summary-file/,
  );
  expect(simulator.requests.total).toBe(0);
  expect(await rows('select from obs.sync_run')).toEqual([]);
});

test('a file that cannot be written at the end is a warning: the run counts', async () => {
  const { startSync, simulator } = await syncSetup({ vdns: [1], source: { timeout: '60s' } });
  const directory = await temporaryDirectory();
  simulator.vdn(1).fault({ kind: 'hang' });
  const command = startSync('--summary-file', path.join(directory, 'summary.json'));
  await until('the VDN hangs', async () => simulator.requests.ofVdn(1) > 0);
  await rm(directory, { recursive: true });
  command.signal('SIGTERM');
  const result = await command.exit;
  expect(summaryOf(result)).toMatchObject({ exitCode: 143, status: 'interrupted', runId: 1 });
  expect(result.stderr).toMatch(/summary cannot be written to .*no such folder/);
});

test.each([
  ['a mistyped option', ['--dryrun'], 'usage'],
  ['a shard that cannot be', ['--shard', '3/2'], 'usage'],
  ['a missing configuration', ['--config', '/nowhere.yaml'], 'configuration'],
])('%s is in the file too', async (_, args, code) => {
  const file = path.join(await temporaryDirectory(), 'summary.json');
  const result = await call(['sync', '--json', `--summary-file=${file}`, ...args]);
  expect(summaryOf(result)).toMatchObject({ exitCode: 2, status: 'refused', shard: null, error: { code } });
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(result.json());
});

test('a refused shard says which it is', async () => {
  const result = await call(['sync', '--json', '--shard', '2/4', '--config', '/nowhere.yaml']);
  expect(summaryOf(result)).toMatchObject({ exitCode: 2, shard: '2/4' });
  const env = { JOB_COMPLETION_INDEX: '0', OBS_CODE_SYNC_SHARDS: '3' };
  const ofJob = await run(['sync', '--json', '--config', '/nowhere.yaml'], { env });
  expect(summaryOf(ofJob)).toMatchObject({ exitCode: 2, shard: '1/3' });
});
