import { Socket } from 'node:net';
import type { PostgresPool } from 'kysely';
import pg from 'pg';
import { markConnectionLost, markDatabaseUnusable } from './database-error.ts';

/** A server takes leave at once; one that does not within this has gone away without saying so. */
const farewellMs = 3_000;

/**
 * A pool that outlives broken connections, and that leaves none behind: one to a server that does not answer would
 * keep the process from ending for a quarter of an hour. Its errors are marked where the connection was lost.
 *
 * `connectionTimeoutMillis` limits connecting only, not the wait for a connection that others use: a database that
 * is slow is there all the same.
 */
export function openPool({ connectionTimeoutMillis, ...config }: pg.PoolConfig): PostgresPool {
  const sockets = new Set<Socket>();

  class ServerClient extends pg.Client {
    readonly #socket: Socket;

    constructor() {
      const socket = new Socket();
      super({ ...config, stream: () => socket });
      this.#socket = socket;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // One that breaks while it is lent out but no query is under way: the next query will tell.
      this.on('error', () => {});
      // What the pool and Kysely call, and no other of pg's many forms.
      Object.assign(this, {
        connect: (done: (error: Error | null) => void) => this.#connect(done),
        query: (sql: string, values: unknown[]) => this.#ask(sql, values),
      });
    }

    async #connect(done: (error: Error | null) => void): Promise<void> {
      const timeout = setTimeout(() => {
        this.#socket.destroy(new Error(`no answer within ${connectionTimeoutMillis} ms`));
      }, connectionTimeoutMillis);
      const failure = await super.connect().then(
        () => null,
        (error: Error) => error,
      );
      clearTimeout(timeout);
      if (failure) this.#markFailedConnect(failure);
      done(failure);
    }

    #markFailedConnect(error: Error): void {
      if (error instanceof pg.DatabaseError) return;
      // Where pg gives up on a server that did answer (no TLS, no password given), the socket is whole and nothing of
      // Node's, whose errors have codes, went wrong.
      if (this.#socket.destroyed || 'code' in error) markConnectionLost(error);
      else markDatabaseUnusable(error);
    }

    async #ask(sql: string, values: unknown[]): Promise<pg.QueryResult> {
      try {
        return await super.query(sql, values);
      } catch (error) {
        // A TypeError is a value that cannot be sent: a bug.
        if (!(error instanceof Error) || error instanceof pg.DatabaseError || error instanceof TypeError)
          throw error;
        markConnectionLost(error);
        // Behind a query that was not answered, the rollback would wait as long again.
        this.#socket.destroy();
        throw error;
      }
    }
  }

  // A connection is never given up for being idle: it may hold locks.
  const pool = new pg.Pool({ ...config, Client: ServerClient, idleTimeoutMillis: 0 });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    options: pool.options,
    connect: () => pool.connect(),
    async end() {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      const cutOff = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, farewellMs);
      // The pool itself waits for what is lent out, such as a query that nobody waits for any more.
      await Promise.all([pool.end(), ...closed]);
      clearTimeout(cutOff);
    },
  };
}
