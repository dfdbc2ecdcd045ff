import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../image/dockerfile.ts';
import { listening } from '../support/listening.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { kubectlCommands } from './deploying-doc.ts';
import { hasKubectl } from './kubectl.ts';
import { kubernetesDirectory, kustomize, type Manifest } from './kustomize.ts';
import { podSpecs } from './pods.ts';

const commands = kubectlCommands();
const manifests = ['base', 'schedule'].flatMap((name) => kustomize(path.join(kubernetesDirectory, name)));
const named = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const names = (kind: string) => new Set(named(kind).map(({ metadata }) => metadata.name));
const [shell] = named('CronJob').filter(({ metadata }) => metadata.name === 'obs-code-sync-shell');

/** The words that follow `before` in the documented commands. */
const after = (before: RegExp) =>
  commands.flatMap((command) =>
    [...command.matchAll(new RegExp(`(?:${before.source})(\\S+)`, 'g'))].map(([, word = '']) => word),
  );

test('the documented commands name objects that the manifests make', () => {
  expect(commands.length).toBeGreaterThan(15);
  const jobs = after(/--from=cronjob\//);
  expect(new Set(jobs)).toEqual(names('CronJob'));
  for (const deployment of after(/deployment\//)) expect(names('Deployment')).toContain(deployment);
  for (const namespace of after(/ -n /)) expect(namespace).toBe('obs-code-sync');
  // What is read or ended was made before.
  const made = new Set(after(/create job /));
  const used = [...after(/ job\//), ...after(/delete job /)];
  for (const job of used) expect(made).toContain(job);
});

test('and labels, containers, the program, files and keys that there are', () => {
  const labels = new Set(
    named('CronJob').flatMap(({ spec }) =>
      [...JSON.stringify(spec).matchAll(/"(app\.[^"]+)":"([^"]+)"/g)].map(
        ([, key, value]) => `${key}=${value}`,
      ),
    ),
  );
  for (const selector of after(/--selector=(?=app)/)) expect(labels).toContain(selector);
  const containers = podSpecs(shell as Manifest).flatMap((pod) => pod.containers.map(({ name }) => name));
  for (const container of after(/ -c /)) expect(containers).toContain(container);
  const programs = after(/ -- /);
  expect(programs.length).toBeGreaterThan(8);
  expect(new Set(programs)).toEqual(new Set(['obs-code-sync']));
  for (const file of after(/(?:-f |template-file=)obs-code-sync\//)) {
    expect(existsSync(path.join(projectRoot, file)), file).toBe(true);
  }
  const keys = named('CronJob').flatMap((manifest) =>
    podSpecs(manifest).flatMap((pod) =>
      pod.containers.flatMap(({ env }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.key ?? [])),
    ),
  );
  expect(new Set(after(/--from-file=/))).toEqual(new Set(keys));
});

describe('kubectl itself, with a server that answers it,', () => {
  beforeEach(({ skip }) => {
    if (!hasKubectl) skip('there is no kubectl here');
  });

  /** Runs a documented command in the place where the overlay is, beside the checkout. */
  async function documented(beginning: string, objects: Record<string, object>, ...more: string[]) {
    const command = commands.find((one) => one.startsWith(`kubectl -n obs-code-sync ${beginning}`)) ?? '';
    const server = ['--server', await apiServer(objects)];
    const directory = await temporaryDirectory();
    const args = command
      .replace('kubectl ', '')
      .replace('obs-code-sync/deploy', path.join(projectRoot, 'deploy'))
      .split(/ +/);
    const cache = ['--cache-dir', directory];
    return (await promisify(execFile)('kubectl', [...server, ...cache, ...args, ...more])).stdout;
  }

  test('prints how each container of each pod ended, and why', async () => {
    const ended = (exitCode: number, reason: string, message?: string) => ({
      terminated: { exitCode, reason, message, finishedAt: '2026-11-25T02:16:00Z' },
    });
    const pods = [
      {
        metadata: { name: 'night-a' },
        status: {
          phase: 'Failed',
          initContainerStatuses: [
            { name: 'migrate', state: ended(7, 'Error', 'password authentication failed') },
          ],
          containerStatuses: [{ name: 'sync', state: { waiting: { reason: 'PodInitializing' } } }],
        },
      },
      {
        metadata: { name: 'night-b' },
        status: {
          phase: 'Failed',
          initContainerStatuses: [{ name: 'migrate', state: ended(0, 'Completed') }],
          containerStatuses: [{ name: 'sync', state: ended(137, 'OOMKilled') }],
        },
      },
      {
        metadata: { name: 'scheduler' },
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              name: 'schedule',
              state: { running: { startedAt: '2026-11-25T02:16:00Z' } },
              lastState: ended(2, 'Error', 'schedule.cron is missing'),
            },
          ],
        },
      },
      {
        metadata: { name: 'evicted' },
        status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory' },
      },
      {
        metadata: { name: 'no-secret' },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            {
              name: 'migrate',
              state: {
                waiting: {
                  reason: 'CreateContainerConfigError',
                  message: 'secret "obs-code-sync" not found',
                },
              },
            },
          ],
        },
      },
    ];
    const items = pods.map((pod) => ({ apiVersion: 'v1', kind: 'Pod', ...pod }));
    const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
    const stdout = await documented('get pods', { '/api/v1/namespaces/obs-code-sync/pods': list });
    expect(stdout.split('\n')).toEqual([
      'night-a Failed',
      '  migrate ended with 7 (Error) 2026-11-25T02:16:00Z: password authentication failed',
      '  sync waits: PodInitializing',
      'night-b Failed',
      '  migrate ended with 0 (Completed) 2026-11-25T02:16:00Z',
      '  sync ended with 137 (OOMKilled) 2026-11-25T02:16:00Z',
      'scheduler Running',
      '  schedule runs; before that it ended with 2 (Error): schedule.cron is missing',
      'evicted Failed Evicted: The node was low on memory',
      'no-secret Pending',
      '  migrate waits: CreateContainerConfigError, secret "obs-code-sync" not found',
      '',
    ]);
  });

  test('makes the shell from its CronJob', async () => {
    const place = '/apis/batch/v1/namespaces/obs-code-sync/cronjobs/obs-code-sync-shell';
    const objects = { [place]: shell ?? {} };
    const made = await documented('create job shell', objects, '--dry-run=client', '-o', 'json');
    expect(JSON.parse(made)).toMatchObject({
      kind: 'Job',
      metadata: {
        name: 'shell',
        namespace: 'obs-code-sync',
        labels: { 'app.kubernetes.io/component': 'shell' },
      },
      spec: { template: { spec: { containers: [{ name: 'writer' }, { name: 'owner' }] } } },
    });
  });
});

const kinds: Readonly<Record<string, string>> = { pods: 'Pod', jobs: 'Job', cronjobs: 'CronJob' };
const resources = (...names: string[]) =>
  names.map((name) => ({
    name,
    singularName: '',
    namespaced: true,
    kind: kinds[name],
    verbs: ['get', 'list', 'create'],
  }));

/** What kubectl asks before it asks for anything. */
const discovery: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    ...{ kind: 'APIGroupList', apiVersion: 'v1' },
    groups: [
      {
        name: 'batch',
        versions: [{ groupVersion: 'batch/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'batch/v1', version: 'v1' },
      },
    ],
  },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: resources('pods') },
  '/apis/batch/v1': {
    ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'batch/v1' },
    resources: resources('jobs', 'cronjobs'),
  },
};

/**
 * The little of a Kubernetes API server that kubectl needs to read `objects`, by their paths.
 *
 * @returns its URL
 */
async function apiServer(objects: Readonly<Record<string, object>>): Promise<string> {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url ?? '', 'http://localhost');
    const answer = discovery[pathname] ?? objects[pathname];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }),
    );
  });
  return `http://127.0.0.1:${await listening(server)}`;
}
