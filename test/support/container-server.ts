import os from 'node:os';
import type { ContainerRuntimeClient } from 'testcontainers';
import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from 'testcontainers';
import { password, serverSettings } from './embedded-server.ts';

const image = 'postgres:18';
const ownerLabel = 'obs-code-sync.test-run';
const engineLimitMs = 5_000;
const pullLimitMs = 30_000;

export interface ContainerServer {
  /** URL of the database `postgres`, as superuser. */
  url: string;
  close(): Promise<void>;
}

/**
 * Starts Postgres in a container.
 *
 * @throws where no engine answers, or it has no image and cannot pull it within half a minute.
 */
export async function startContainerServer(): Promise<ContainerServer> {
  // Ryuk, which would clean up after us, is an image of its own that a machine without a network cannot
  // pull. What a killed run left behind is removed here instead, by the next run.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const client = await within(engineLimitMs, 'the container engine', getContainerRuntimeClient());
  await removeContainers(client, (pid) => !isAlive(pid));
  await ensureImage(client);
  try {
    return await start();
  } catch (error) {
    await removeContainers(client, (pid) => pid === process.pid);
    throw error;
  }
}

async function start(): Promise<ContainerServer> {
  const settings = Object.entries(serverSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withLabels({ [ownerLabel]: `${os.hostname()}:${process.pid}` })
    // In memory, as the embedded server is where there is room.
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    .withCommand(['postgres', ...settings])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(60_000)
    .start();
  return {
    url: `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    close: async () => {
      await container.stop({ timeout: 0, remove: true, removeVolumes: true });
    },
  };
}

async function ensureImage(client: ContainerRuntimeClient): Promise<void> {
  const name = ImageName.fromString(image);
  if (await client.image.exists(name)) return;
  await pull(client);
  if (!(await client.image.exists(name))) throw new Error(`${image} could not be pulled`);
}

/** Not the client's own `pull`, which cannot be given up: behind a firewall it would hold the run open. */
async function pull({ container: { dockerode } }: ContainerRuntimeClient): Promise<void> {
  const abortSignal = AbortSignal.timeout(pullLimitMs);
  try {
    const progress = await dockerode.pull(image, { abortSignal });
    await new Promise<void>((resolve, reject) => {
      dockerode.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    throw abortSignal.aborted ? new Error(`pulling ${image} took more than ${pullLimitMs / 1000} s`) : error;
  }
}

/** Removes the containers of this machine's test runs whose process id is chosen, running or not. */
async function removeContainers(
  client: ContainerRuntimeClient,
  chosen: (pid: number) => boolean,
): Promise<void> {
  const filters = { label: [ownerLabel] };
  for (const { Id, Labels } of await client.container.dockerode.listContainers({ all: true, filters })) {
    const [host, pid] = Labels[ownerLabel]?.split(':') ?? [];
    if (host !== os.hostname() || !chosen(Number(pid))) continue;
    // Another run may be removing the same one.
    await client.container
      .getById(Id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
