import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { until } from './sessions.ts';

interface SlowFront {
  readonly port: number;
  /** Connections to the same port of 127.0.0.2, which are cut at once. */
  readonly elsewhere: number;
  /** Resolves once a client has tried to connect, and lets connections in from then on. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** The kernel takes one connection more than the backlog before any is accepted. */
const backlog = 1;

/**
 * Stands before a server at 127.0.0.1 and passes everything on, but is far away: connecting takes a second. Its queue of connections is full, so that the system drops the first packet of a further one, which is sent
 * again after a second.
 */
export async function slowFront(serverPort: number): Promise<SlowFront> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), { workerData: { gate, serverPort } });
  const [port]: number[] = await once(worker, 'message');
  const fillers: Socket[] = [];
  for (let n = 0; n <= backlog; n++) {
    const filler = connect(port ?? 0, '127.0.0.1').on('error', () => {});
    await once(filler, 'connect');
    fillers.push(filler);
  }
  let elsewhere = 0;
  const other = createServer((socket) => {
    elsewhere++;
    socket.destroy();
  }).listen(port, '127.0.0.2');
  return {
    port: port ?? 0,
    get elsewhere() {
      return elsewhere;
    },
    async open() {
      await until('a client connects', () => isConnecting(port ?? 0));
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      for (const filler of fillers) filler.destroy();
    },
    async close() {
      other.close();
      await worker.terminate();
    },
  };
}

/** Whether a connection to the port has sent its first packet and has no answer (proc(5): state 02 is SYN_SENT). */
async function isConnecting(port: number): Promise<boolean> {
  const remote = port.toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${remote} 02 `).test(await readFile('/proc/net/tcp', 'utf8'));
}

if (!isMainThread && workerData?.gate instanceof Int32Array) {
  const { gate, serverPort } = workerData as { gate: Int32Array; serverPort: number };
  const front = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    client.on('error', () => server.destroy()).pipe(server);
    server.on('error', () => client.destroy()).pipe(client);
  });
  front.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
    const address = front.address();
    parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined);
    // As long as this thread stands still, it accepts nothing.
    Atomics.wait(gate, 0, 0);
  });
}
