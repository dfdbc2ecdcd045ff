import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listen } from './listening.ts';

export interface TcpFront {
  readonly port: number;
  /** How many connections came so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Stands before a Postgres server and passes everything on, until it is told to cut.
 *
 * @param cuts asked when a connection (1 for the first) sends its first statement after the login: whether it ends there
 */
export async function tcpFront(serverPort: number, cuts: (connection: number) => boolean): Promise<TcpFront> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const front = createServer((client) => {
    const number = ++connections;
    const server = connect(serverPort, '127.0.0.1');
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    client.on('data', (chunk) => {
      if (isStatement(chunk) && cuts(number)) cut();
      else server.write(chunk);
    });
    server.pipe(client);
  });
  const port = await listen(front);
  return {
    port,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      front.close();
      await once(front, 'close');
    },
  };
}

/** A simple query, or the parsing of a prepared one (PostgreSQL manual, "Message Formats"). */
function isStatement(chunk: Buffer): boolean {
  return ['Q', 'P'].includes(String.fromCharCode(chunk[0] ?? 0));
}
