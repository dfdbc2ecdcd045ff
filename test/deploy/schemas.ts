import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Manifest } from './kustomize.ts';

const models = [
  ...[CronJob, Job, Deployment, Namespace, ServiceAccount, ConfigMap, Secret, Service, NetworkPolicy],
  ...[ServiceMonitor, PrometheusRule],
];

/**
 * What a manifest has that the Kubernetes schemas of its kind do not allow: wrong types and values, missing fields and
 * unknown ones.
 */
export function schemaProblems(manifest: Manifest): string[] {
  const model = models.find(
    ({ apiVersion, kind }) => manifest.apiVersion === apiVersion && manifest.kind === kind,
  );
  if (model === undefined) return [`no schema is known for ${manifest.apiVersion} ${manifest.kind}`];
  const looked = new WeakMap<object, Set<PropertyKey>>();
  try {
    model.prototype.validate.call(watched(manifest, looked));
  } catch (error) {
    return [String(error)];
  }
  return unlooked(manifest, looked, '');
}

/**
 * The schemas let unknown fields pass, as the OpenAPI ones do. But their validators are code that reads each field that
 * the schema knows, so what they never read is unknown.
 */
function watched<T>(value: T, looked: WeakMap<object, Set<PropertyKey>>): T {
  if (typeof value !== 'object' || value === null) return value;
  const fields = looked.get(value) ?? new Set();
  looked.set(value, fields);
  return new Proxy(value, {
    get(target, field) {
      fields.add(field);
      return watched(Reflect.get(target, field), looked);
    },
  });
}

function unlooked(value: unknown, looked: WeakMap<object, Set<PropertyKey>>, place: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) =>
    looked.get(value)?.has(field)
      ? unlooked(inner, looked, `${place}/${field}`)
      : [`unknown field ${place}/${field}`],
  );
}
