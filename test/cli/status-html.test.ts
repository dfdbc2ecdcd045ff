import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { call } from '../support/in-process.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('status --html writes the page and still says the status, also as JSON', async () => {
  const { sync, config } = await syncSetup({ vdns: [1, 2] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  const file = path.join(await temporaryDirectory(), 'status.html');
  const result = await call(['status', '--json', '--html', file], config);
  expect(result.exitCode).toBe(0);
  expect(result.json()).toMatchObject({ vdns: { configured: 2 } });
  const page = await readFile(file, 'utf8');
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('all 2 VDNs were verified within the last 36 h');
  expect(page).toContain('first list');
});

test('what is held is approved by the command on the page', async () => {
  const { sync, config, simulator } = await syncSetup({ vdns: [1] });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  simulator.vdn(1).replace([]);
  expect(await sync()).toMatchObject({ exitCode: 4 });
  const file = path.join(await temporaryDirectory(), 'status.html');
  expect(await call(['status', '--html', file], config)).toMatchObject({ exitCode: 0 });
  const page = await readFile(file, 'utf8');
  expect(page).toContain('Held: 1 suspicious change in 1 VDN');
  const [, approval = ''] = /main\.ts sync (--approve [0-9a-f]{16}) --config \S+</.exec(page) ?? [];
  expect(await sync(...approval.split(' '))).toMatchObject({ exitCode: 0 });
});

test('a file that cannot be written is a mistake of usage', async () => {
  const { config } = await syncSetup({ vdns: [1] });
  const result = await call(['status', '--html', '/nowhere/status.html'], config);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toContain('The status page cannot be written to /nowhere/status.html');
});
