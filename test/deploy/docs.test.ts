import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/observe/metrics.ts';
import { operationsDoc } from '../support/operations-doc.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';
import { deployingDoc } from './deploying-doc.ts';

const root = new URL('../../', import.meta.url);

test('docs/deploying.md names files and headings that are there', () => {
  const files = [...deployingDoc.matchAll(/\bdeploy\/kubernetes[\w./-]*\w/g)].map(([file]) => file);
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true);
  const links = [...deployingDoc.matchAll(/\]\(operations\.md#([\w-]+)\)/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(1);
  for (const link of links) {
    expect(operationsDoc.toLowerCase(), link).toContain(`# ${link.replaceAll('-', ' ')}\n`);
  }
});

test('docs/deploying.md lists every metric, and no other', async () => {
  const [, rows = ''] = /^\| metric \|.*\n\| --- .*\n((?:\|.*\n)+)/m.exec(deployingDoc) ?? [];
  const named = [...rows.matchAll(/`(obs_code_sync|…)_(\w+)/g)].map(([, , name]) => `obs_code_sync_${name}`);
  const families = parsePrometheusText(await createMetrics(['one']).render());
  const own = [...families.keys()].filter((name) => name.startsWith('obs_code_sync_'));
  expect(named.sort()).toEqual(own.sort());
});
