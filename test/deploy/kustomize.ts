import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';

export const kubernetesDirectory = fileURLToPath(new URL('../../deploy/kubernetes', import.meta.url));

/** What every manifest has. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** The part of kustomize that these manifests use, and no more: any other field is an error. */
const kustomization = z.strictObject({
  apiVersion: z.enum(['kustomize.config.k8s.io/v1beta1', 'kustomize.config.k8s.io/v1alpha1']),
  kind: z.enum(['Kustomization', 'Component']),
  namespace: z.string().optional(),
  resources: z.array(z.string()).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        files: z.array(z.string()).default([]),
        literals: z.array(z.never()).default([]),
        options: z.strictObject({ labels: z.record(z.string(), z.string()) }),
      }),
    )
    .default([]),
  /** What follows a namePrefix, which only kubectl renders. */
  configurations: z.array(z.string()).default([]),
  patches: z
    .array(
      z.strictObject({
        path: z.string(),
        target: z.strictObject({ kind: z.string(), name: z.string() }).optional(),
      }),
    )
    .default([]),
});

const operations = z.array(
  z.strictObject({
    op: z.enum(['add', 'replace', 'remove']),
    path: z.string(),
    value: z.unknown().optional(),
  }),
);

/**
 * What `kubectl kustomize` would print for a directory, as objects, but for the hashes at the end of generated names;
 * where kubectl is there a test compares the two.
 *
 * @param onFile is told each file that was read
 * @throws where a file is missing, or a patch has nothing to be applied to
 */
export function kustomize(directory: string, onFile: (file: string) => void = () => {}): Manifest[] {
  const read = (file: string) => {
    onFile(file);
    return readFileSync(path.join(directory, file), 'utf8');
  };
  const { resources, configMapGenerator, configurations, namespace, patches } = kustomization.parse(
    parse(read('kustomization.yaml')),
  );
  for (const file of configurations) parse(read(file));
  let manifests = resources.flatMap((resource) =>
    statSync(path.join(directory, resource)).isDirectory()
      ? kustomize(path.join(directory, resource), (file) => onFile(path.join(resource, file)))
      : parseManifests(read(resource)),
  );
  for (const { name, files, options } of configMapGenerator) {
    const data = Object.fromEntries(files.map((file) => [file, read(file)]));
    manifests.push({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...options } },
      ...(files.length > 0 && { data }),
    });
  }
  for (const { path: file, target } of patches) {
    const text = read(file);
    if (target === undefined) manifests = withoutDeleted(manifests, text);
    else applyOperations(one(manifests, target.kind, target.name), operations.parse(parse(text)));
  }
  if (namespace === undefined) return manifests;
  return manifests.map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
}

/** The manifests in a YAML file, aliases resolved. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    // Through JSON, since what an alias repeats must be objects of their own for patches.
    return JSON.parse(JSON.stringify(document.toJS()));
  });
}

function withoutDeleted(manifests: readonly Manifest[], text: string): Manifest[] {
  const [patch] = parseManifests(text);
  if (patch?.$patch !== 'delete') throw new Error('a patch without a target that does not delete');
  const deleted = one(manifests, patch.kind, patch.metadata.name ?? '');
  return manifests.filter((manifest) => manifest !== deleted);
}

function one(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return manifest;
}

/** JSON Patch (RFC 6902): it only adds to existing places, and replaces or removes what exists. */
function applyOperations(manifest: Manifest, patch: z.output<typeof operations>): void {
  for (const { op, path: pointer, value } of patch) {
    const keys = pointer.split('/').slice(1);
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>(
      (place, key) => (isObject(place) ? Reflect.get(place, key) : undefined),
      manifest,
    );
    if (!isObject(parent)) throw new Error(`nothing is at ${pointer}`);
    if (op !== 'add' && !Object.hasOwn(parent, last)) throw new Error(`nothing to ${op} at ${pointer}`);
    if (op === 'remove') Reflect.deleteProperty(parent, last);
    else Reflect.set(parent, Array.isArray(parent) && last === '-' ? parent.length : last, value);
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
