import { execFileSync } from 'node:child_process';
import { type Manifest, parseManifests } from './kustomize.ts';

/** Whether the real thing is at hand; where it is not, tests of it say so and are skipped. */
export const hasKubectl = (() => {
  try {
    kubectl('version', '--client');
    return true;
  } catch {
    return false;
  }
})();

/** The output of kubectl; throws on errors and warnings. */
function kubectl(...args: string[]): string {
  return execFileSync('kubectl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What `kubectl kustomize` makes of a directory. */
export function rendered(directory: string): Manifest[] {
  return parseManifests(kubectl('kustomize', directory));
}

/** As if ConfigMaps had no hash of their content at the end of their names. */
export function withoutHashes(manifests: readonly Manifest[]): Manifest[] {
  const names = manifests
    .filter(({ kind }) => kind === 'ConfigMap')
    .map(({ metadata }) => metadata.name ?? '');
  const text = names.reduce(
    (json, name) => json.replaceAll(`"${name}"`, `"${name.replace(/-[a-z0-9]{10}$/, '')}"`),
    JSON.stringify(manifests),
  );
  return JSON.parse(text);
}
