import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { run } from '../support/command.ts';
import { testKeys, writeConfig } from '../support/configuration.ts';
import { copyEmbeddedDatabase } from '../support/embedded-template.ts';
import { call } from '../support/in-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const cwd = await mkdtemp(path.join(os.tmpdir(), 'obs-demo-'));
const before = process.cwd();
afterAll(async () => {
  process.chdir(before);
  await rm(cwd, { recursive: true });
});

interface Status {
  vdns: { configured: number };
  runs: { runId: number; status: string; codes: Record<string, number> }[];
}

const fourChanges = { added: 1, changed: 2, removed: 1, returned: 0 };

test('the demo syncs twice, shows exactly four changes and a joined report, and can be run again', async () => {
  process.chdir(cwd);
  for (const demo of [await run(['demo'], { cwd }), await call(['demo'])]) {
    expect(demo).toMatchObject({ exitCode: 0, stderr: '' });
    const [changes = '', report = ''] =
      demo.stdout.split('3. What the second run changed').at(1)?.split('4. ') ?? [];
    expect(changes.match(/^(added|changed|removed|returned)(?= )/gm)?.toSorted()).toEqual([
      'added',
      'changed',
      'changed',
      'removed',
    ]);
    expect(report).toMatch(/c-2 +1 +00602 +No resource available on the ACD\. +active/);
    expect(report).toMatch(/c-4 +3 +99999 +\(unknown code\) +—/);
    expect(report).toMatch(/c-5 +2 +\d{5} +\S.* +removed/);
  }
  const status = (await call(['status', '--json'])).json() as Status;
  expect(status.vdns.configured).toBe(3);
  expect(status.runs).toMatchObject([
    { runId: 4, status: 'succeeded', codes: fourChanges },
    { runId: 3, status: 'succeeded' },
    { runId: 2, status: 'succeeded', codes: fourChanges },
    { runId: 1, status: 'succeeded' },
  ]);
  // As `status`, it looks into ./obs-data where there is no configuration.
  expect((await call(['changes', '--json'])).json()).toMatchObject({
    firstLists: expect.arrayContaining([expect.objectContaining({ source: 'demo', vdnId: 1 })]),
  });
});

test('the demo refuses a database that holds another source', async () => {
  const directory = await temporaryDirectory();
  const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 3 });
  const config = await writeConfig(directory, {
    database: { url: `pglite:${path.join(directory, 'obs-data')}` },
    sources: [{ name: 'prod', baseUrl: simulator.baseUrl, vdns: [1] }],
  });
  await copyEmbeddedDatabase(path.join(directory, 'obs-data'));
  expect(await call(['sync'], config)).toMatchObject({ exitCode: 0 });
  await simulator.close();

  process.chdir(directory);
  const demo = await call(['demo']);
  expect(demo).toMatchObject({ exitCode: 2, stdout: '' });
  expect(demo.stderr).toContain('holds source prod, which is not the demo');
});
