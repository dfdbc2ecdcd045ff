import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../src/observe/metrics.ts';
import { operationsDoc } from '../support/operations-doc.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';

const root = new URL('../../', import.meta.url);
const deploying = readFileSync(new URL('docs/deploying.md', root), 'utf8');

test('docs/deploying.md names files and headings that are there', () => {
  const files = [...deploying.matchAll(/\bdeploy\/kubernetes[\w./-]*\w/g)].map(([file]) => file);
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true);
  const links = [...deploying.matchAll(/\]\(operations\.md#([\w-]+)\)/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(2);
  for (const link of links) {
    expect(operationsDoc.toLowerCase(), link).toContain(`# ${link.replaceAll('-', ' ')}\n`);
  }
});

test('docs/deploying.md lists every metric, and no other', async () => {
  const [, rows = ''] = /^\| metric \|.*\n\| --- .*\n((?:\|.*\n)+)/m.exec(deploying) ?? [];
  const named = [...rows.matchAll(/`(obs_code_sync|…)_(\w+)/g)].map(([, , name]) => `obs_code_sync_${name}`);
  const families = parsePrometheusText(await createMetrics(['one']).render());
  const own = [...families.keys()].filter((name) => name.startsWith('obs_code_sync_'));
  expect(named.sort()).toEqual(own.sort());
});

test('the overlay of docs/deploying.md builds upon what is there, under the name that the manifests use', () => {
  const [, text = ''] = /^ *```yaml\n(.*?)^ *```$/ms.exec(deploying) ?? [];
  const { resources, images } = parse(text);
  const place = resources[0].replace('obs-code-sync/', '');
  expect(existsSync(new URL(`${place}/kustomization.yaml`, root))).toBe(true);
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  expect(images).toMatchObject([{ name: 'obs-code-sync', newTag: version }]);
});
