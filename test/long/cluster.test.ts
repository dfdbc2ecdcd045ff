import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { startSimulator } from '../../src/simulator/index.ts';
import { kubectlCommands } from '../deploy/deploying-doc.ts';
import { kubernetesDirectory, kustomize, type Manifest } from '../deploy/kustomize.ts';
import { type Container, configuration, podSpecs } from '../deploy/pods.ts';
import { run, start } from '../support/command.ts';
import { testKeys } from '../support/configuration.ts';
import { sqlUnder } from '../support/documents.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { databaseUrl, query } from '../support/template-database.ts';

// The manifests' own commands, flags, environment and configuration, in the order in which a cluster would start
// them. What differs is where the server and the database are, and where the termination log is.
const overlay = (name: string) => kustomize(path.join(kubernetesDirectory, name));
const simulator = await startSimulator({ accounts: [testKeys], codesPerVdn: 10 });
const server = await startEmbeddedServer();
const reports = databaseUrl(server.url, 'reports');
const config = await mkdtemp(path.join(os.tmpdir(), 'obs-deploy-'));
const terminationLog = path.join(config, 'termination-log');

const secret: Readonly<Record<string, string>> = {
  'owner-database-url': urlAs('obs_owner'),
  'writer-database-url': urlAs('obs_writer'),
  'isales-access-key': testKeys.accessKey,
  'isales-secret-key': testKeys.secretKey,
};

function urlAs(role: string): string {
  const url = new URL(reports);
  url.username = role;
  url.password = role;
  return url.href;
}

beforeAll(async () => {
  await query(server.url, 'create database reports');
  const [roles = ''] = sqlUnder('Three roles');
  await query(reports, roles);
  for (const role of ['obs_owner', 'obs_writer']) {
    await query(reports, `alter role ${role} password '${role}'`);
  }
  const content = parse(configuration(overlay('base')));
  content.sources[0].baseUrl = simulator.baseUrl;
  content.http = { ...content.http, host: '127.0.0.1', port: 0 };
  await writeFile(path.join(config, 'obs-code-sync.yaml'), stringify(content));
});

afterAll(async () => {
  await simulator.close();
  await server.close();
  await rm(config, { recursive: true });
});

function command({ args, env }: Pick<Container, 'args' | 'env'>, more: Record<string, string> = {}) {
  const values = env.map(({ name, value, valueFrom }) => [
    name,
    value ?? secret[valueFrom?.secretKeyRef.key ?? ''] ?? '',
  ]);
  return {
    args: args.map((arg) => arg.replace('/dev/termination-log', terminationLog)),
    options: { cwd: config, env: { ...Object.fromEntries(values), ...more } },
  };
}

function podOf(manifests: readonly Manifest[], kind: string, name: string) {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const [pod] = found === undefined ? [] : podSpecs(found);
  if (pod === undefined) throw new Error(`there is no ${kind} ${name} with a pod`);
  return pod;
}

/** Runs the CronJob's containers one after the other, as long as they succeed; gives the last one's result. */
async function runPod(manifests: readonly Manifest[], more: Record<string, string> = {}) {
  const pod = podOf(manifests, 'CronJob', 'obs-code-sync');
  let result: Awaited<ReturnType<typeof run>> | undefined;
  for (const container of pod.containers) {
    const { args, options } = command(container, more);
    result = await run(args, options);
    if (result.exitCode !== 0) break;
  }
  if (result === undefined) throw new Error('the pod has no container');
  return result;
}

/** Runs a documented `kubectl … exec … job/shell -- obs-code-sync COMMAND …`, found by how its command begins. */
function inShell(beginning: string, change: (args: string[]) => string[] = (args) => args) {
  const documented = kubectlCommands().find((one) => one.includes(` -- obs-code-sync ${beginning}`)) ?? '';
  const [, name = 'writer', args = ''] =
    /job\/shell (?:-c (\S+) )?-- obs-code-sync (.*)/.exec(documented) ?? [];
  const shell = podOf(overlay('base'), 'CronJob', 'obs-code-sync-shell');
  const found = shell.containers.find((container) => container.name === name);
  if (found === undefined || args === '') throw new Error(`"${beginning}" is not documented for the shell`);
  const { args: all, options } = command({ ...found, args: change(args.split(' ')) });
  return run(all, options);
}

const terminationMessage = async () => JSON.parse(await readFile(terminationLog, 'utf8'));

describe('the manifests as a cluster would run them', { timeout: 180_000 }, () => {
  test('the documented first steps end with 0, each of them', async () => {
    expect(await inShell('migrate --grant-writer')).toMatchObject({ exitCode: 0 });
    expect(await inShell('check')).toMatchObject({ exitCode: 0 });
    const first = await runPod(overlay('base'));
    expect(first.json()).toMatchObject({ exitCode: 0, vdns: { total: 23, changed: 23 } });
    expect(await terminationMessage()).toMatchObject({ status: 'succeeded', vdns: { changed: 23 } });
  });

  test('an init container that fails says why at the end of its log, which is its termination message', async () => {
    const night = overlay('base');
    const [migrate] = podOf(night, 'CronJob', 'obs-code-sync').containers;
    expect(migrate).toMatchObject({ name: 'migrate', terminationMessagePolicy: 'FallbackToLogsOnError' });
    const wrong = await runPod(night, { DATABASE_URL: urlAs('obs_owner').replace(':obs_owner', ':wrong') });
    expect(wrong).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/password authentication failed/),
    });
    // Kubernetes takes 2,048 bytes.
    expect(Buffer.byteLength(wrong.stdout + wrong.stderr)).toBeLessThan(2048);
  });

  test('a retry skips what the attempt before had verified', async () => {
    await query(reports, `update obs.vdn set last_verified_at = last_verified_at - interval '1 day'`);
    simulator.vdn(25).fault({ kind: 'status', status: 404 });
    expect((await runPod(overlay('base'))).json()).toMatchObject({
      exitCode: 3,
      vdns: { unchanged: 22, failed: 1 },
    });
    // As partial as the attempt before: what is fresh is done.
    expect((await runPod(overlay('base'))).json()).toMatchObject({
      exitCode: 3,
      vdns: { fresh: 22, failed: 1 },
    });
    simulator.vdn(25).clearFaults();
    simulator.requests.reset();
    expect((await runPod(overlay('base'))).json()).toMatchObject({
      exitCode: 0,
      vdns: { fresh: 22, unchanged: 1 },
    });
    expect(simulator.requests.total).toBe(1);
  });

  test('a change that is held ends with 4, and is approved in the shell', async () => {
    await query(reports, `update obs.vdn set last_verified_at = last_verified_at - interval '1 day'`);
    simulator.vdn(1).replace([]);
    expect(await runPod(overlay('base'))).toMatchObject({ exitCode: 4 });
    const { outcomes } = await terminationMessage();
    expect(outcomes).toMatchObject([{ vdnId: 1, outcome: 'held', plan: expect.any(String) }]);

    const { plan } = outcomes[0];
    const status = await inShell('status');
    expect(status).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(plan) });
    const approved = await inShell('sync --approve', (args) => [...args.slice(0, -1), plan, '--json']);
    expect(approved.json()).toMatchObject({ exitCode: 0, codes: { removed: 10 } });
  });

  test('four pods of an Indexed Job, migrating and syncing at once, share the VDNs between them', async () => {
    await query(reports, `update obs.vdn set last_verified_at = last_verified_at - interval '1 day'`);
    const pods = await Promise.all(
      [0, 1, 2, 3].map((index) => runPod(overlay('shards'), { JOB_COMPLETION_INDEX: String(index) })),
    );
    expect(pods.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const summaries = z
      .array(z.object({ shard: z.string(), vdns: z.object({ total: z.number() }) }))
      .parse(pods.map((pod) => pod.json()));
    expect(summaries.map(({ shard }) => shard)).toEqual(['1/4', '2/4', '3/4', '4/4']);
    expect(summaries.map(({ vdns }) => vdns.total).sort()).toEqual([0, 0, 0, 23]);
  });

  test('the Deployment serves what its probes and its ServiceMonitor ask for, and ends in time', async () => {
    const pod = podOf(overlay('schedule'), 'Deployment', 'obs-code-sync');
    const [monitor] = overlay('service-monitor');
    const [container] = pod.containers;
    if (container === undefined) throw new Error('the Deployment has no container');
    const { args, options } = command(container);
    const schedule = start(args, options);
    const [, url = ''] = await schedule.waitForOutput(/"url":"(.+?)"/);
    await schedule.waitForOutput(/"msg":"the schema is up to date"/);
    const paths = [...JSON.stringify([container, monitor]).matchAll(/"path":"(.+?)"/g)].map(([, one]) => one);
    expect(paths).toEqual(['/healthz', '/healthz', '/readyz', '/metrics']);
    for (const one of paths) expect((await fetch(url + one)).status, one).toBe(200);
    schedule.signal('SIGTERM');
    expect((await schedule.exit).exitCode).toBe(143);
    expect(pod.terminationGracePeriodSeconds).toBe(45);
    // The scheduler's own grace is 15 s and 10 s.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(25);
  });
});
