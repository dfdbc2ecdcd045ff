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
  await removeLeftovers(client);
  await ensureImage(client);
  const settings = Object.entries(serverSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withLabels({ [ownerLabel]: owner(process.pid) })
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
  await within(pullLimitMs, `pulling ${image}`, client.image.pull(name));
  if (!(await client.image.exists(name))) throw new Error(`${image} could not be pulled`);
}

const owner = (pid: number) => `${os.hostname()}:${pid}`;

async function removeLeftovers(client: ContainerRuntimeClient): Promise<void> {
  for (const { Id, Labels } of await client.container.list()) {
    const [host, pid] = Labels[ownerLabel]?.split(':') ?? [];
    if (host === os.hostname() && !isAlive(Number(pid))) {
      await client.container.remove(client.container.getById(Id), { removeVolumes: true });
    }
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
