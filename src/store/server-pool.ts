import type { PostgresPool } from 'kysely';
import pg from 'pg';
import { ConnectionLostError, DatabaseBusyError, type DatabaseError } from '../errors.ts';
import { isPassing } from './database-error.ts';
import { ServerClient } from './server-client.ts';
import type { Servers } from './servers.ts';

/** A server closes a connection at once; one that does not within this has gone away without saying so. */
const closeTimeoutMs = 3_000;

/**
 * A pool that outlives broken connections, and that leaves none behind: one to a server that does not answer would
 * keep the process from ending for a quarter of an hour. Where there are several servers, each connecting tries them in
 * turn, beginning with the one that did last.
 *
 * @param max connections at once
 * @param settings statements that each connection has done before it is lent out
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

  // Neither is a connection given up for being idle, since it may hold locks, nor the wait for one limited: a database
  // that is slow is there all the same.
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
      // The pool itself waits for what is lent out, such as a query that nothing waits for any more.
      await Promise.all([pool.end(), ...closed]);
      clearTimeout(cutOff);
    },
  };
}

/** Why none of several servers would do. */
function together(failures: readonly DatabaseError[], last: DatabaseError): DatabaseError {
  if (failures.length === 1) return last;
  const message = failures.map((failure) => failure.message).join('; ');
  const Kind = last instanceof DatabaseBusyError ? DatabaseBusyError : ConnectionLostError;
  return new Kind(message, last.sqlState, { cause: last });
}
