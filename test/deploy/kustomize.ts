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
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  resources: z.array(z.string()),
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
 * What `kubectl kustomize` would print for a directory, as objects; where kubectl is there a test compares the two.
 *
 * @param onFile is told each file that was read
 * @throws where a file is missing, or a patch has nothing to be applied to
 */
export function kustomize(directory: string, onFile: (file: string) => void = () => {}): Manifest[] {
  const read = (file: string) => {
    onFile(file);
    return readFileSync(file, 'utf8');
  };
  const { resources, patches } = kustomization.parse(parse(read(path.join(directory, 'kustomization.yaml'))));
  let manifests = resources.flatMap((resource) => {
    const place = path.join(directory, resource);
    return statSync(place).isDirectory() ? kustomize(place, onFile) : parseManifests(read(place));
  });
  for (const { path: file, target } of patches) {
    const text = read(path.join(directory, file));
    if (target === undefined) manifests = withoutDeleted(manifests, text);
    else applyOperations(one(manifests, target.kind, target.name), operations.parse(parse(text)));
  }
  return manifests;
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

/** JSON Patch (RFC 6902), which only adds to places that are there and replaces or removes what is there. */
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
