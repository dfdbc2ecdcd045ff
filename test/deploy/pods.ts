import * as z from 'zod';
import type { Manifest } from './kustomize.ts';

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  /** In place of the image's entry point. */
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).default([]),
  env: z.array(
    z.object({
      name: z.string(),
      value: z.string().optional(),
      valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }).optional(),
    }),
  ),
  envFrom: z.unknown(),
  resources: z.unknown(),
  securityContext: z.unknown(),
  volumeMounts: z.unknown(),
});

const podSpec = z.looseObject({
  automountServiceAccountToken: z.boolean(),
  serviceAccountName: z.string(),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.unknown(),
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  volumes: z.tuple([
    z.looseObject({ configMap: z.object({ name: z.string() }) }),
    z.looseObject({
      secret: z.looseObject({
        secretName: z.string(),
        items: z.array(z.object({ key: z.string(), path: z.string() })),
      }),
    }),
  ]),
});

export type Container = z.output<typeof container>;

/** The pod that a manifest starts, its containers in the order in which they run; none for other kinds. */
export function podSpecs({ kind, spec }: Manifest) {
  const template = templates[kind];
  if (template === undefined) return [];
  const { initContainers, containers, ...pod } = podSpec.parse(template(spec));
  return [{ ...pod, containers: [...initContainers, ...containers] }];
}

const cronJob = z.looseObject({
  jobTemplate: z.object({
    spec: z.looseObject({
      activeDeadlineSeconds: z.number(),
      backoffLimit: z.number().optional(),
      completions: z.number().optional(),
      parallelism: z.number().optional(),
      podFailurePolicy: z.object({ rules: z.array(z.looseObject({ action: z.string() })) }).optional(),
      template: z.object({ spec: z.looseObject({ ...podSpec.shape, restartPolicy: z.string() }) }),
    }),
  }),
});

/** The spec of a CronJob that syncs. */
export function cronJobSpec({ spec }: Manifest) {
  return cronJob.parse(spec);
}

const shape = z.looseObject({ template: z.object({ spec: z.unknown() }) });

const templates: Readonly<Record<string, (spec: unknown) => unknown>> = {
  CronJob: (spec) => cronJob.parse(spec).jobTemplate.spec.template.spec,
  Deployment: (spec) => shape.parse(spec).template.spec,
};

const configMap = z.object({ data: z.object({ 'obs-code-sync.yaml': z.string() }) });

/** The configuration file that the pods get. */
export function configuration(manifests: readonly Manifest[]): string {
  const found = manifests.find(({ kind, data }) => kind === 'ConfigMap' && data !== undefined);
  return configMap.parse(found).data['obs-code-sync.yaml'];
}
