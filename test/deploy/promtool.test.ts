import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createMetrics } from '../../src/observe/metrics.ts';
import { kubernetesDirectory, kustomize } from './kustomize.ts';

// Debian's package `prometheus` has it.
const isInstalled = spawnSync('promtool', ['--version']).status === 0;
const directory = mkdtempSync(path.join(os.tmpdir(), 'obs-promtool-'));
afterAll(() => rmSync(directory, { recursive: true }));

const [rule] = kustomize(path.join(kubernetesDirectory, 'alerts'));
writeFileSync(path.join(directory, 'rules.yaml'), stringify(rule?.spec));

function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: directory, input, encoding: 'utf8' });
  return status === 0 ? 'fine' : `${stdout}${stderr}`;
}

interface Situation {
  readonly alert: string;
  /** Series by name and labels, in promtool's notation: a value a minute. */
  readonly series: Readonly<Record<string, string>>;
  readonly minute: number;
  readonly fires: boolean;
}

const of = { namespace: 'calls', job: 'obs-code-sync' };
const labels = 'namespace="calls", job="obs-code-sync"';
const cronJob = 'namespace="calls", cronjob="obs-code-sync"';
const dayMinutes = 1440;
const times = (last: number, next: number, success: number) => ({
  [`kube_cronjob_status_last_schedule_time{${cronJob}}`]: `${last * 60}x4500`,
  [`kube_cronjob_next_schedule_time{${cronJob}}`]: `${next * 60}x4500`,
  [`kube_cronjob_status_last_successful_time{${cronJob}}`]: `${success * 60}x4500`,
});

const situations: Readonly<Record<string, Situation>> = {
  'a scheduler that lets a time pass': {
    alert: 'ObsCodeSyncHangs',
    series: {
      [`obs_code_sync_next_run_timestamp_seconds{${labels}}`]: '600x60',
      [`obs_code_sync_run_in_progress{${labels}}`]: '0x60',
    },
    ...{ minute: 25, fires: true },
  },
  'a run that takes long': {
    alert: 'ObsCodeSyncHangs',
    series: {
      [`obs_code_sync_next_run_timestamp_seconds{${labels}}`]: '600x60',
      [`obs_code_sync_run_in_progress{${labels}}`]: '1x60',
    },
    ...{ minute: 59, fires: false },
  },
  'one night without success': {
    alert: 'ObsCodeSyncNoSuccess',
    series: times(dayMinutes, 2 * dayMinutes, 40),
    ...{ minute: 2 * dayMinutes, fires: false },
  },
  'two nights without success': {
    alert: 'ObsCodeSyncNoSuccess',
    series: times(2 * dayMinutes, 3 * dayMinutes, 40),
    ...{ minute: 2 * dayMinutes + 105, fires: true },
  },
};

describe.skipIf(!isInstalled)('promtool', () => {
  test('takes the alert rules', () => {
    expect(promtool(['check', 'rules', 'rules.yaml'])).toBe('fine');
  });

  test('has nothing to say against the metrics', async () => {
    const metrics = createMetrics(['one']);
    metrics.sources.databaseAnswered([
      {
        ...{ source: 'one', oldestAgeSeconds: 1, newestAgeSeconds: 1, configured: 1, staleAfterSeconds: 1 },
        ...{ stale: 1, failing: 1, held: 1, heldForSeconds: 1 },
      },
    ]);
    const own = (await metrics.render())
      .split('\n')
      .filter((line) => /^(# (HELP|TYPE) )?obs_code_sync_/.test(line));
    expect(promtool(['check', 'metrics'], `${own.join('\n')}\n`)).toBe('fine');
  });

  test.each(Object.entries(situations))('%s', (_, { alert, series, minute, fires }) => {
    const isOfCronJob = JSON.stringify(series).includes('cronjob');
    const found = { exp_labels: { severity: 'critical', ...(isOfCronJob ? cronJobLabels : of) } };
    const unit = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: [{ alertname: alert, eval_time: `${minute}m`, exp_alerts: fires ? [found] : [] }],
        },
      ],
    };
    writeFileSync(path.join(directory, 'test.yaml'), stringify(unit));
    const said = promtool(['test', 'rules', 'test.yaml']);
    // It compares annotations too, which are of no matter here.
    if (fires) expect(said).toMatch(new RegExp(`got:\\[\\s*0:\\s*Labels:\\{alertname="${alert}"`));
    else expect(said).toBe('fine');
  });
});

const cronJobLabels = { namespace: 'calls', cronjob: 'obs-code-sync' };
