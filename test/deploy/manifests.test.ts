import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { hasKubectl, rendered as kubectlRendered, withoutHashes } from './kubectl.ts';
import { kubernetesDirectory, kustomize, type Manifest, parseManifests } from './kustomize.ts';
import { configuration, cronJobSpec, podSpecs } from './pods.ts';
import { schemaProblems } from './schemas.ts';

const overlays = ['base', 'shards', 'schedule'] as const;
const components = ['service-monitor', 'alerts'] as const;
const at = (name: string) => path.join(kubernetesDirectory, name);
const file = (name: string) => parseManifests(readFileSync(at(name), 'utf8'));
const rendered = Object.fromEntries([...overlays, ...components].map((name) => [name, kustomize(at(name))]));
const secret = file('secret.example.yaml');
const sets: [string, Manifest[]][] = [
  ...Object.entries(rendered),
  ['namespace', file('namespace.yaml')],
  ['secret.example', secret],
];
const pods = overlays.flatMap((name) => rendered[name] ?? []).flatMap(podSpecs);

const ofKind = (overlay: string, kind: string) => {
  const manifest = (rendered[overlay] ?? []).find((one) => one.kind === kind);
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
    const read = new Set<string>(['namespace.yaml', 'secret.example.yaml']);
    for (const overlay of [...overlays, ...components]) {
      kustomize(at(overlay), (name) => read.add(path.join(overlay, name)));
    }
    expect(globSync('**/*.yaml', { cwd: kubernetesDirectory }).sort()).toEqual([...read].sort());
  });

  test('is in the namespace, which none of them takes away with itself', () => {
    for (const { kind, metadata } of overlays.flatMap((name) => rendered[name] ?? [])) {
      expect(kind).not.toBe('Namespace');
      expect(metadata.namespace, kind).toBe('obs-code-sync');
    }
  });

  test('has nothing that the API server would leave out, so that a second apply changes nothing', () => {
    const empty = (value: unknown): boolean =>
      typeof value === 'object' &&
      value !== null &&
      (Object.keys(value).length === 0 || Object.values(value).some(empty));
    for (const manifest of sets.flatMap(([, manifests]) => manifests)) {
      expect(empty(manifest), JSON.stringify(manifest)).toBe(false);
    }
  });

  test('renders as kubectl renders it', ({ skip }) => {
    if (!hasKubectl) skip('there is no kubectl here');
    const sorted = (manifests: Manifest[]) =>
      manifests.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    for (const overlay of overlays) {
      expect(sorted(withoutHashes(kubectlRendered(at(overlay))))).toEqual(sorted(rendered[overlay] ?? []));
    }
  });
});

const nameOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;

describe('every pod', () => {
  test('keeps the rules of restricted pod security', () => {
    expect(pods.length).toBe(6);
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
      const [config, files] = volumes;
      expect(config).toEqual({ name: 'config', configMap: { name: 'obs-code-sync' } });
      expect(files).toMatchObject({
        name: 'secrets',
        secret: { secretName: 'obs-code-sync', optional: true },
      });
      // Where the Secret has them at all: its example names each.
      const example = readFileSync(at('secret.example.yaml'), 'utf8');
      for (const { key, path: place } of files.secret.items) {
        expect(example).toContain(key);
        expect(place).toBe(key);
      }
      for (const { image, env, envFrom, volumeMounts } of containers) {
        expect(image).toBe(`obs-code-sync:${version}`);
        expect(envFrom).toEqual([{ configMapRef: { name: 'obs-code-sync-environment' } }]);
        expect(volumeMounts).toEqual([
          { name: 'config', mountPath: '/config', readOnly: true },
          { name: 'secrets', mountPath: '/run/secrets/obs-code-sync', readOnly: true },
        ]);
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
        expect(url, name).toBe(
          ['migrate', 'owner'].includes(name) ? 'owner-database-url' : 'writer-database-url',
        );
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

  test('ignores disruptions, gives up what a retry cannot change, and counts all else', () => {
    expect(job.backoffLimit).toBe(3);
    expect(job.podFailurePolicy?.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [2, 4, 7] } },
    ]);
  });

  test('over shards counts them in the same way everywhere, and lets none of them stop the others', () => {
    const sharded = cronJobSpec(ofKind('shards', 'CronJob')).jobTemplate.spec;
    const [container] = sharded.template.spec.containers;
    const shards = container?.env.find(({ name }) => name === 'OBS_CODE_SYNC_SHARDS')?.value;
    expect(sharded).toMatchObject({ completionMode: 'Indexed', backoffLimitPerIndex: 3 });
    expect([String(sharded.completions), String(sharded.parallelism)]).toEqual([shards, shards]);
    // A limit for all would count the failures of every shard together.
    expect(sharded).not.toHaveProperty('backoffLimit');
    expect(sharded.podFailurePolicy?.rules.map(({ action }) => action)).toEqual(['Ignore', 'FailIndex']);
  });
});
