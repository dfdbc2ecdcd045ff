import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { createMetrics } from '../../src/observe/metrics.ts';
import { parsePrometheusText } from '../support/prometheus-text.ts';
import { kubernetesDirectory, kustomize, type Manifest, parseManifests } from './kustomize.ts';
import { configuration, cronJobSpec, podSpecs } from './pods.ts';
import { schemaProblems } from './schemas.ts';

const overlays = ['base', 'shards', 'schedule'] as const;
const at = (name: string) => path.join(kubernetesDirectory, name);
const file = (name: string) => parseManifests(readFileSync(at(name), 'utf8'));
const rendered = Object.fromEntries(overlays.map((name) => [name, kustomize(at(name))]));
const approval = file('approve/job.yaml');
const secret = file('base/secret.example.yaml');
const sets: [string, Manifest[]][] = [
  ...Object.entries(rendered),
  ['approve', approval],
  ['secret.example', secret],
];
const everything = sets.flatMap(([, manifests]) => manifests);
const pods = everything.flatMap(podSpecs);

const ofKind = (overlay: string, kind: string) => {
  const [manifest] = (rendered[overlay] ?? []).filter((one) => one.kind === kind);
  if (manifest === undefined) throw new Error(`${overlay} has no ${kind}`);
  return manifest;
};

describe('every manifest', () => {
  test.each(sets)('of %s fits the schema of its kind, without an unknown field', (_, manifests) => {
    expect(manifests.length).toBeGreaterThan(0);
    expect(
      manifests.flatMap((manifest) =>
        schemaProblems(manifest).map((problem) => `${manifest.kind}: ${problem}`),
      ),
    ).toEqual([]);
  });

  test.each([
    ['an unknown field', 'startingDeadlineSecond: 3600', 'unknown field /spec/startingDeadlineSecond'],
    ['a wrong type', 'suspend: maybe', 'suspend'],
    ['a value that is not allowed', 'concurrencyPolicy: Never', 'concurrencyPolicy'],
  ])('with %s would be caught', (_, line, problem) => {
    const manifest = structuredClone(ofKind('base', 'CronJob'));
    Object.assign(manifest.spec as object, parse(line));
    expect(schemaProblems(manifest).join()).toContain(problem);
  });

  test('of a pod with an unknown field deep within would be caught', () => {
    const text = stringify(ofKind('base', 'CronJob')).replaceAll(
      'readOnlyRootFilesystem',
      'readonlyRootFilesystem',
    );
    const [manifest] = parseManifests(text);
    expect(manifest && schemaProblems(manifest).join()).toContain('securityContext/readonlyRootFilesystem');
  });

  test('file is in use', () => {
    const read = new Set<string>(['approve/job.yaml', 'base/secret.example.yaml'].map(at));
    for (const overlay of overlays) kustomize(at(overlay), (name) => read.add(path.normalize(name)));
    expect(globSync('**/*.yaml', { cwd: kubernetesDirectory }).map(at).sort()).toEqual([...read].sort());
  });

  test('is in the namespace, or is it', () => {
    for (const { kind, metadata } of everything) {
      expect(kind === 'Namespace' ? metadata.name : metadata.namespace, kind).toBe('obs-code-sync');
    }
  });

  test('renders as kubectl renders it', ({ skip }) => {
    const kubectl = (...args: string[]) =>
      execFileSync('kubectl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      kubectl('version', '--client');
    } catch {
      skip('there is no kubectl here');
    }
    const sorted = (manifests: Manifest[]) => manifests.toSorted((a, b) => a.kind.localeCompare(b.kind));
    for (const overlay of overlays) {
      expect(sorted(parseManifests(kubectl('kustomize', at(overlay))))).toEqual(
        sorted(rendered[overlay] ?? []),
      );
    }
  });
});

describe('every pod', () => {
  test('keeps the rules of restricted pod security', () => {
    expect(pods.length).toBe(4);
    for (const pod of pods) {
      expect(pod).toMatchObject({ automountServiceAccountToken: false, serviceAccountName: 'obs-code-sync' });
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources).toMatchObject({
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    }
  });

  test('finds what it refers to: secret keys, configuration, and the image of this version', () => {
    const { version } = JSON.parse(readFileSync(at('../../package.json'), 'utf8'));
    const keys = Object.keys(secret[0]?.stringData as object);
    for (const { containers, volumes } of pods) {
      expect(volumes).toEqual([{ name: 'config', configMap: { name: 'obs-code-sync' } }]);
      for (const { image, env, volumeMounts } of containers) {
        expect(image).toBe(`obs-code-sync:${version}`);
        expect(volumeMounts).toEqual([{ name: 'config', mountPath: '/config', readOnly: true }]);
        const refs = env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
        expect(refs.map(({ name }) => name)).toEqual(refs.map(() => 'obs-code-sync'));
        expect(keys).toEqual(expect.arrayContaining(refs.map(({ key }) => key)));
      }
    }
  });

  test('migrates as the owner and works as the writer', () => {
    for (const { containers } of pods) {
      for (const { name, env } of containers) {
        const url = env.find((variable) => variable.name === 'DATABASE_URL')?.valueFrom?.secretKeyRef.key;
        expect(url, name).toBe(name === 'migrate' ? 'owner-database-url' : 'writer-database-url');
      }
    }
  });
});

describe('the CronJob', () => {
  const spec = cronJobSpec(ofKind('base', 'CronJob'));
  const job = spec.jobTemplate.spec;

  test('runs at the time of the configuration, never twice at once, and not too late', () => {
    const { schedule, run } = parse(configuration(rendered.base ?? []));
    expect(spec).toMatchObject({
      schedule: schedule.cron,
      timeZone: schedule.timezone,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: expect.any(Number),
      successfulJobsHistoryLimit: expect.any(Number),
      failedJobsHistoryLimit: expect.any(Number),
    });
    expect(run.maxDuration).toBe('4h');
    expect(job.activeDeadlineSeconds).toBeGreaterThan(4 * 3600);
    expect(job.template.spec.restartPolicy).toBe('Never');
  });

  test('ignores disruptions, gives up what a retry cannot mend, and counts all else', () => {
    expect(job.backoffLimit).toBe(3);
    expect(job.podFailurePolicy.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [2, 4, 7] } },
    ]);
  });

  test('over shards counts them alike everywhere, and lets none of them stop the others', () => {
    const sharded = cronJobSpec(ofKind('shards', 'CronJob')).jobTemplate.spec;
    const [container] = sharded.template.spec.containers;
    const shards = container?.env.find(({ name }) => name === 'OBS_CODE_SYNC_SHARDS')?.value;
    expect(sharded).toMatchObject({ completionMode: 'Indexed', backoffLimitPerIndex: 3 });
    expect([String(sharded.completions), String(sharded.parallelism)]).toEqual([shards, shards]);
    // A limit for all would count the failures of every shard together.
    expect(sharded).not.toHaveProperty('backoffLimit');
    expect(sharded.podFailurePolicy.rules.map(({ action }) => action)).toEqual(['Ignore', 'FailIndex']);
  });
});

describe('the alert rules', () => {
  const { groups } = ruleGroups.parse(ofKind('schedule', 'PrometheusRule').spec);
  const rules = groups.flatMap(({ rules }) => rules);

  test('are about stale, failing and held VDNs, and about the scheduler itself', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'ObsCodeSyncStale',
      'ObsCodeSyncFailing',
      'ObsCodeSyncHeld',
      'ObsCodeSyncRunRefused',
      'ObsCodeSyncDatabaseAway',
      'ObsCodeSyncGone',
    ]);
  });

  test('ask for metrics that there are, and show labels that those have', async () => {
    const metrics = createMetrics(['one']);
    const state = { oldestAgeSeconds: 1, newestAgeSeconds: 1, stale: 1, failing: 1, held: 1 };
    metrics.sources.databaseAnswered([{ source: 'one', ...state }]);
    const families = parsePrometheusText(await metrics.render());
    for (const { alert, expr, annotations } of rules) {
      const [name = ''] = /obs_code_sync_\w+/.exec(expr) ?? [];
      const [sample] = families.get(name)?.samples ?? [];
      expect(sample, `${alert}: ${name}`).toBeDefined();
      const shown = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
      expect(Object.keys(sample?.labels ?? {}), alert).toEqual(expect.arrayContaining(shown));
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
