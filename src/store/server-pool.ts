import type { PostgresPool } from 'kysely';
import pg from 'pg';
import { ConnectionLostError, DatabaseBusyError, type DatabaseError } from '../errors.ts';
import { isPassing } from './database-error.ts';
import { ServerClient } from './server-client.ts';
import type { Servers } from './servers.ts';

/** A server closes a connection at once; one that takes longer than this has disappeared. */
const closeTimeoutMs = 3_000;

/**
 * A pool that survives broken connections and leaves none open: a connection to a server that does not answer would
 * keep the process alive for a quarter of an hour. With several servers, each new connection tries them in turn,
 * beginning with the one that worked last.
 *
 * @param max connections at once
 * @param settings statements that each connection runs before it is used
 */
export function openPool(
  { configs, attributes }: Servers,
  max: number,
  settings: readonly string[],
): PostgresPool {
  const open = new Set<ServerClient>();
  let preferred = 0;

  class PooledClient extends ServerClient {
    constructor() {
      const server = preferred;
      const passOver = () => {
        if (preferred === server) preferred = (server + 1) % configs.length;
      };
      super(configs[server] ?? {}, { settings, attributes, passOver });
      open.add(this);
      this.socket.once('close', () => open.delete(this));
    }
  }

  // Idle connections are kept, since they may hold locks. Waiting for one has no limit, since a slow database is not
  // away.
  const pool = new pg.Pool({ Client: PooledClient, max, idleTimeoutMillis: 0 });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});

  async function borrow(): Promise<pg.PoolClient> {
    const client = await pool.connect();
    const { release } = client;
    client.release = (broken) => release(broken || (client instanceof ServerClient && client.outdated));
    return client;
  }

  return {
    options: pool.options,
    async connect() {
      const failures: DatabaseError[] = [];
      for (;;) {
        try {
          return await borrow();
        } catch (error) {
          if (!isPassing(error)) throw error;
          failures.push(error);
          if (failures.length >= configs.length) throw together(failures, error);
        }
      }
    },
    async end() {
      const closed = [...open].map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)));
      const cutOff = setTimeout(() => {
        for (const { socket } of open) socket.destroy();
      }, closeTimeoutMs);
      // The pool itself waits for connections in use, such as for an abandoned query.
      await Promise.all([pool.end(), ...closed]);
      clearTimeout(cutOff);
    },
  };
}

/** Why none of several servers can be used. */
function together(failures: readonly DatabaseError[], last: DatabaseError): DatabaseError {
  if (failures.length === 1) return last;
  const message = failures.map((failure) => failure.message).join('; ');
  const Kind = last instanceof DatabaseBusyError ? DatabaseBusyError : ConnectionLostError;
  return new Kind(message, last.sqlState, { cause: last });
}
