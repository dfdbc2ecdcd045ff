import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

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
export async function apiServer(objects: Readonly<Record<string, object>>): Promise<string> {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url ?? '', 'http://localhost');
    const answer = discovery[pathname] ?? objects[pathname];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
