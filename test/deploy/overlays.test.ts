import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { version } from '../../src/version.ts';
import { projectRoot } from '../image/dockerfile.ts';
import { deployingDoc, yamlNamed } from './deploying-doc.ts';
import { hasKubectl, rendered } from './kubectl.ts';
import { kubernetesDirectory, type Manifest } from './kustomize.ts';
import { podSpecs } from './pods.ts';
import { schemaProblems } from './schemas.ts';

// The overlays of docs/deploying.md, as a site would have them beside a checkout.
const site = mkdtempSync(path.join(os.tmpdir(), 'obs-overlay-'));
const base = (name: string) => readFileSync(path.join(kubernetesDirectory, 'base', name), 'utf8');
symlinkSync(projectRoot, path.join(site, 'obs-code-sync'));
mkdirSync(path.join(site, 'two'));
for (const directory of [site, path.join(site, 'two')]) {
  writeFileSync(
    path.join(directory, 'obs-code-sync.yaml'),
    base('obs-code-sync.yaml').replace('prod', 'site'),
  );
}
writeFileSync(
  path.join(site, 'network-policy.yaml'),
  base('network-policy.yaml').replace('10.0.0.0/8', '10.1.2.3/32'),
);
for (const name of ['ca.pem', 'database-ca.pem']) writeFileSync(path.join(site, name), 'a certificate');
afterAll(() => rmSync(site, { recursive: true }));
beforeEach(({ skip }) => {
  if (!hasKubectl) skip('there is no kubectl here');
});

type Overlay = Record<string, unknown> & { resources: string[]; patches?: unknown[] };
const overlay: Overlay = parse(yamlNamed('kustomization.yaml'));
const second: Overlay = parse(yamlNamed('two/kustomization.yaml'));

const renderedBefore = new Map<string, Manifest[]>();

/** Each overlay once, since kubectl takes half a second. */
function render(kustomization: object, directory = '.'): Manifest[] {
  const text = stringify(kustomization);
  const place = path.join(site, directory);
  const known = renderedBefore.get(place + text);
  if (known !== undefined) return known;
  writeFileSync(path.join(place, 'kustomization.yaml'), text);
  const manifests = rendered(place);
  renderedBefore.set(place + text, manifests);
  return manifests;
}

const of = (manifests: readonly Manifest[], kind: string, name: RegExp | string) => {
  const found = manifests.filter(
    (one) =>
      one.kind === kind &&
      new RegExp(`^(?:${name instanceof RegExp ? name.source : name})$`).test(one.metadata.name ?? ''),
  );
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return manifest;
};

const withResource = (kustomization: Overlay, name: string) => ({
  ...kustomization,
  resources: kustomization.resources.map((one) => one.replace(/kubernetes\/.*/, `kubernetes/${name}`)),
});

describe('the overlay of docs/deploying.md', () => {
  test.each(['base', 'schedule', 'shards'])(
    'over %s takes the image, the addresses and the configuration',
    (name) => {
      const manifests = render(withResource(overlay, name));
      expect(manifests.flatMap(schemaProblems)).toEqual([]);
      const images = manifests
        .flatMap(podSpecs)
        .flatMap(({ containers }) => containers.map(({ image }) => image));
      expect(new Set(images)).toEqual(new Set([`registry.example.com/bi/obs-code-sync:${version}`]));
      expect(JSON.stringify(of(manifests, 'NetworkPolicy', 'obs-code-sync'))).toContain('10.1.2.3/32');
      expect(of(manifests, 'ConfigMap', /obs-code-sync-[a-z0-9]{10}/)).toMatchObject({
        data: { 'obs-code-sync.yaml': expect.stringContaining('name: site') },
      });
    },
  );

  test('gives every pod a ConfigMap by the hash of its content, so that a change restarts the Deployment', () => {
    const mounted = (manifests: Manifest[]) =>
      manifests.flatMap(podSpecs).map(({ volumes: [{ configMap }] }) => configMap.name);
    const before = mounted(render(withResource(overlay, 'schedule')));
    const changed = render({
      ...withResource(overlay, 'schedule'),
      configMapGenerator: parse(yamlNamed('certificates.yaml')).configMapGenerator,
    });
    expect(new Set(before).size).toBe(1);
    expect(mounted(changed)).not.toEqual(before);
    const map = of(changed, 'ConfigMap', mounted(changed)[0] ?? '');
    expect(Object.keys(map.data as object)).toEqual(['ca.pem', 'database-ca.pem', 'obs-code-sync.yaml']);
  });

  test('takes the documented proxy, time, namespace of Prometheus and components', () => {
    const { configMapGenerator } = parse(yamlNamed('proxy.yaml'));
    const { patches } = parse(yamlNamed('patches.yaml'));
    const night = render({
      ...overlay,
      configMapGenerator: [...(overlay.configMapGenerator as unknown[]), ...configMapGenerator],
      patches: [...(overlay.patches ?? []), patches[0]],
    });
    expect(of(night, 'CronJob', 'obs-code-sync').spec).toMatchObject({
      schedule: '30 1 * * *',
      timeZone: 'Europe/Berlin',
    });
    const environment = of(night, 'ConfigMap', /obs-code-sync-environment-.*/);
    expect(Object.keys(environment.data as object)).toEqual(['HTTPS_PROXY', 'NO_PROXY']);
    expect(JSON.stringify(of(night, 'CronJob', 'obs-code-sync'))).toContain(`"${environment.metadata.name}"`);

    const scheduled = withResource(overlay, 'schedule');
    const watched = render({
      ...scheduled,
      components: parse(yamlNamed('components.yaml')).components,
      patches: [patches[1], ...(overlay.patches ?? [])],
    });
    expect(watched.flatMap(schemaProblems)).toEqual([]);
    expect(JSON.stringify(of(watched, 'NetworkPolicy', 'obs-code-sync-prometheus'))).toContain(
      'observability',
    );
    const kinds = (manifests: Manifest[]) => manifests.map(({ kind }) => kind);
    expect(kinds(watched)).toEqual(expect.arrayContaining(['ServiceMonitor', 'PrometheusRule']));
    // Without the operator's CRDs all of it can be applied.
    expect(kinds(render(scheduled)).join()).not.toMatch(/ServiceMonitor|PrometheusRule/);
  });
});

describe('a second instance by namePrefix', () => {
  const components = [
    '../obs-code-sync/deploy/kubernetes/service-monitor',
    '../obs-code-sync/deploy/kubernetes/alerts',
  ];

  test.each(['base', 'schedule', 'shards'])('over %s shares nothing with the first one', (name) => {
    const first = render(withResource(overlay, name));
    const manifests = render({ ...withResource(second, name), components }, 'two');
    expect(manifests.flatMap(schemaProblems)).toEqual([]);
    const ids = (list: Manifest[]) => list.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(ids(first).filter((id) => ids(manifests).includes(id))).toEqual([]);
    // What names or selects the first one says so by its whole name.
    const text = JSON.stringify(manifests)
      .replaceAll('"app.kubernetes.io/name":"obs-code-sync"', '')
      .replaceAll(`"image":"obs-code-sync:${version}"`, '')
      .replaceAll(/"name":"obs-code-sync(-kubernetes)?","rules"/g, '')
      .replaceAll('"namespace":"obs-code-sync"', '')
      .replaceAll('/run/secrets/obs-code-sync"', '')
      .replaceAll('"obs-code-sync.yaml"', '');
    expect([...text.matchAll(/.{40}"obs-code-sync(?:-[a-z0-9-]*)?"/g)].map(([where]) => where)).toEqual([]);
    for (const { spec } of manifests.filter(({ kind }) =>
      ['Service', 'Deployment', 'NetworkPolicy', 'ServiceMonitor'].includes(kind),
    )) {
      expect(JSON.stringify(spec)).toContain('"app.kubernetes.io/instance":"two-obs-code-sync"');
    }
  });

  test('or in a namespace of its own leaves nothing in the other one', () => {
    const manifests = render({ ...second, namespace: 'elsewhere', components }, 'two');
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['elsewhere']));
  });
});

test('the overlay names this version', () => {
  expect(overlay.images).toMatchObject([{ name: 'obs-code-sync', newTag: version }]);
  expect(deployingDoc).toContain(`-t obs-code-sync:${version}`);
});
