import { Socket } from 'node:net';
import type { PostgresPool } from 'kysely';
import pg from 'pg';

/** A server takes leave at once; one that does not within this has gone away without saying so. */
const farewellMs = 3_000;

/**
 * A pool that outlives broken connections, and that leaves none behind: one to a server that does not answer would
 * keep the process from ending for a quarter of an hour.
 */
export function openPool(config: pg.PoolConfig): PostgresPool {
  const sockets = new Set<Socket>();
  const stream = () => {
    const socket = new Socket();
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  // A connection is never given up for being idle: it may hold locks.
  const pool = new pg.Pool({ ...config, stream, idleTimeoutMillis: 0 });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  // The same for one that breaks while it is lent out but no query is under way: the next query will tell.
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    options: pool.options,
    connect: () => pool.connect(),
    async end() {
      await pool.end();
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      const cutOff = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, farewellMs);
      await Promise.all(closed);
      clearTimeout(cutOff);
    },
  };
}
