import { expect, test } from 'vitest';
import { createMetrics } from '../../src/observe/metrics.ts';
import { read, tableRows } from '../support/documents.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';

test('docs/deploying.md lists every metric, and no other', async () => {
  const rows = tableRows(read('docs/deploying.md'), 'metric').join('\n');
  const named = [...rows.matchAll(/`(obs_code_sync|…)_(\w+)/g)].map(([, , name]) => `obs_code_sync_${name}`);
  const families = parsePrometheusText(await createMetrics(['one']).render());
  const own = [...families.keys()].filter((name) => name.startsWith('obs_code_sync_'));
  expect(named.sort()).toEqual(own.sort());
});
