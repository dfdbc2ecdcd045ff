import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../image/dockerfile.ts';
import { kubectlCommands } from './deploying-doc.ts';
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
  const used = [...after(/ job\//), ...after(/delete job /), ...after(/job-name=/)];
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
