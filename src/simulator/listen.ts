import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Longer than any client keeps an idle connection, so that the server is never the one to drop it. */
const keepAliveMs = 120_000;

export interface Listening {
  readonly baseUrl: string;
  /** Refuses connections and cuts those that there are. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Listens, and can end at once: also connections that hang or never finished a TLS handshake. */
export async function listen(
  server: Server,
  scheme: 'http' | 'https',
  host: string,
  port: number,
): Promise<Listening> {
  server.keepAliveTimeout = keepAliveMs;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const start = async (onPort: number) => {
    server.listen(onPort, host);
    await once(server, 'listening');
  };
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start(port);
  const bound = boundPort(server);
  return {
    baseUrl: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop,
    start: () => start(bound),
    close: async () => {
      if (server.listening) await stop();
    },
  };
}

function boundPort(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the simulator has no TCP address');
  return address.port;
}
