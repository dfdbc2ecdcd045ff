import path from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createMetrics } from '../../src/observe/metrics.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';
import { kubernetesDirectory, kustomize } from './kustomize.ts';

const [rule] = kustomize(path.join(kubernetesDirectory, 'alerts'));

describe('the alert rules', () => {
  const { groups } = ruleGroups.parse(rule?.spec);
  const [own = { rules: [] }, kubernetes = { rules: [] }] = groups;
  const { rules } = own;

  test('are about stale, failing and held VDNs, about the scheduler itself, and about Jobs and pods', () => {
    expect([...rules, ...kubernetes.rules].map(({ alert }) => alert)).toEqual([
      'ObsCodeSyncStale',
      'ObsCodeSyncFailing',
      'ObsCodeSyncHeld',
      'ObsCodeSyncRunRefused',
      'ObsCodeSyncDatabaseAway',
      'ObsCodeSyncGone',
      'ObsCodeSyncHangs',
      ...['ObsCodeSyncNoSuccess', 'ObsCodeSyncJobFailed', 'ObsCodeSyncPodWaits'],
    ]);
  });

  test('ask for metrics that there are, and show labels that those have', async () => {
    const metrics = createMetrics(['one']);
    const ages = { oldestAgeSeconds: 1, newestAgeSeconds: 1, staleAfterSeconds: 1, heldForSeconds: 1 };
    const state = { ...ages, configured: 1, stale: 1, failing: 1, held: 1 };
    metrics.sources.databaseAnswered([{ source: 'one', ...state }]);
    const families = parsePrometheusText(await metrics.render());
    for (const { alert, expr, annotations } of rules) {
      const [name = ''] = /obs_code_sync_\w+/.exec(expr) ?? [];
      const [sample] = families.get(name)?.samples ?? [];
      expect(sample, `${alert}: ${name}`).toBeDefined();
      const shown = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
      // The operator adds where a series is from.
      const has = [...Object.keys(sample?.labels ?? {}), 'namespace', 'job'];
      expect(has, alert).toEqual(expect.arrayContaining(shown));
    }
  });

  test("find the names that these manifests give, with a prefix or a suffix, and no one else's", () => {
    const patterns = [...JSON.stringify(groups).matchAll(/(cronjob|job_name|pod|deployment)=~\\"(.+?)\\"/g)];
    const named: Readonly<Record<string, string>> = {
      cronjob: 'obs-code-sync',
      job_name: 'obs-code-sync-29401234',
      pod: 'obs-code-sync-29401234-x7k2p',
      deployment: 'obs-code-sync',
    };
    expect(new Set(patterns.map(([, label]) => label))).toEqual(new Set(Object.keys(named)));
    for (const [, label = '', pattern] of patterns) {
      const whole = new RegExp(`^(?:${pattern})$`);
      expect(named[label], label).toMatch(whole);
      expect(`two-${named[label]}`, label).toMatch(whole);
      expect(`other${named[label]}`, label).not.toMatch(whole);
    }
    // The shell's Jobs fail without harm.
    for (const [, label, pattern] of patterns) {
      if (label === 'cronjob') expect('obs-code-sync-shell').not.toMatch(new RegExp(`^(?:${pattern})$`));
    }
  });
});

const ruleGroups = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.looseObject({
          alert: z.string(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ),
});
