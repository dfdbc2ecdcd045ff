import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Longer than any client keeps an idle connection, so that the server is never the one to drop it. */
const keepAliveMs = 120_000;

export interface Listening {
  readonly baseUrl: string;
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
  server.listen(port, host);
  await once(server, 'listening');
  return {
    baseUrl: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${boundPort(server)}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function boundPort(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the simulator has no TCP address');
  return address.port;
}
