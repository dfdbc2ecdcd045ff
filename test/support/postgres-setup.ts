import type { TestProject } from 'vitest/node';
import { startContainerServer } from './container-server.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import { createTemplate } from './template-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the database `postgres` on the run's server, as superuser. */
    postgresUrl: string;
  }
}

interface RunServer {
  url: string;
  close(): Promise<void>;
}

/**
 * vitest runs this once for each project that needs it, each time as a new module, while one server is enough for the
 * whole run: the projects share it by `globalThis`.
 */
const slot = Symbol.for('obs-code-sync.test-postgres');
const shared: typeof globalThis & { [slot]?: { server: Promise<RunServer>; users: number } } = globalThis;

export async function setup(project: TestProject): Promise<void> {
  shared[slot] ??= { server: startServer(), users: 0 };
  shared[slot].users += 1;
  const { url } = await shared[slot].server;
  project.provide('postgresUrl', url);
}

export async function teardown(): Promise<void> {
  const entry = shared[slot];
  if (entry === undefined) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  delete shared[slot];
  const server = await entry.server;
  await server.close();
}

async function startServer(): Promise<RunServer> {
  const server = await containerOrEmbedded();
  try {
    await createTemplate(server.url);
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function containerOrEmbedded(): Promise<RunServer> {
  try {
    const server = await startContainerServer();
    process.stderr.write('Postgres for the tests: a container.\n');
    return server;
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).replaceAll(/\s+/g, ' ');
    process.stderr.write(`Postgres for the tests: embedded binaries, no container (${reason}).\n`);
    return startEmbeddedServer();
  }
}
