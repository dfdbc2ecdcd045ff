import { expect, test } from 'vitest';
import { createMetrics } from '../../src/observe/metrics.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';
import { deployingDoc } from './deploying-doc.ts';

test('docs/deploying.md lists every metric, and no other', async () => {
  const [, rows = ''] = /^\| metric \|.*\n\| --- .*\n((?:\|.*\n)+)/m.exec(deployingDoc) ?? [];
  const named = [...rows.matchAll(/`(obs_code_sync|…)_(\w+)/g)].map(([, , name]) => `obs_code_sync_${name}`);
  const families = parsePrometheusText(await createMetrics(['one']).render());
  const own = [...families.keys()].filter((name) => name.startsWith('obs_code_sync_'));
  expect(named.sort()).toEqual(own.sort());
});
