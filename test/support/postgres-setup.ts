import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startContainerServer } from './container-server.ts';
import { temporaryDirectories } from './embedded-home.ts';
import { startEmbeddedServer } from './embedded-server.ts';
import { createTemplate } from './template-database.ts';
import { watchdog } from './watchdog.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the database `postgres` on the run's server, as superuser. */
    postgresUrl: string;
    /** Where embedded databases are made: in memory, where there is room. */
    embeddedDirectory: string;
  }
}

interface RunServer {
  url: string;
  close(): Promise<void>;
}

/** Gives the run one server and one directory for embedded databases; both go at its end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [memory = os.tmpdir()] = await temporaryDirectories();
  const directory = await mkdtemp(path.join(memory, 'obs-embedded-'));
  const { release } = watchdog('read -r line; rm -rf "$1"', directory);
  const server = await startServer();
  project.provide('postgresUrl', server.url);
  project.provide('embeddedDirectory', directory);
  return async () => {
    await server.close();
    await release();
  };
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
