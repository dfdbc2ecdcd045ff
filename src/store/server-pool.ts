import { Socket } from 'node:net';
import type { PostgresPool } from 'kysely';
import pg from 'pg';
import { ConnectionLostError } from '../errors.ts';
import { databaseError, sqlState, sqlStateOf } from './database-error.ts';

/** From the first packet to a session that is ready to use. */
const connectTimeoutMs = 10_000;
/** A server closes a connection at once; one that does not within this has gone away without saying so. */
const closeTimeoutMs = 3_000;

/**
 * A pool that outlives broken connections, and that leaves none behind: one to a server that does not answer would
 * keep the process from ending for a quarter of an hour. All that it throws is of the error tree.
 *
 * @param settings statements that each connection has done before it is lent out; one that cannot is closed, and lost
 */
export function openPool(config: pg.PoolConfig, settings: readonly string[]): PostgresPool {
  const sockets = new Set<Socket>();
  /** Connections to a server that is no longer the one that takes writes; the next may reach another. */
  const outdated = new WeakSet<pg.ClientBase>();

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
        connect: (done: (error: unknown) => void) => this.#connect().then(() => done(null), done),
        query: (sql: string, values: unknown[]) => this.#ask(sql, values),
      });
    }

    async #connect(): Promise<void> {
      const timeout = setTimeout(() => {
        this.#socket.destroy(new Error(`no answer within ${connectTimeoutMs} ms`));
      }, connectTimeoutMs);
      try {
        await super.connect().catch((error: unknown) => {
          throw databaseError(error, this.#isRefusal(error) ? 'unusable' : 'lost');
        });
        await this.#prepare();
      } catch (error) {
        this.#socket.destroy();
        throw error;
      } finally {
        clearTimeout(timeout);
      }
    }

    /**
     * Where pg gives up on a server that did answer (no TLS, no password given), the socket is whole and nothing of
     * Node's, whose errors have codes, went wrong.
     */
    #isRefusal(error: unknown): boolean {
      return !this.#socket.destroyed && error instanceof Error && !('code' in error);
    }

    async #prepare(): Promise<void> {
      try {
        if (settings.length > 0) await super.query(settings.join('; '));
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        const message = `the session could not be set up: ${detail}`;
        throw new ConnectionLostError(message, undefined, { cause: error });
      }
    }

    async #ask(sql: string, values: unknown[]): Promise<pg.QueryResult> {
      try {
        return await super.query(sql, values);
      } catch (failure) {
        const error = databaseError(failure, 'lost');
        if (sqlStateOf(error) === sqlState.readOnlyTransaction) outdated.add(this);
        // Behind a query that was not answered, the rollback would wait as long again.
        if (!(failure instanceof pg.DatabaseError || failure instanceof TypeError)) this.#socket.destroy();
        throw error;
      }
    }
  }

  // Neither is a connection given up for being idle, since it may hold locks, nor the wait for one limited: a database
  // that is slow is there all the same.
  const pool = new pg.Pool({ ...config, Client: ServerClient, idleTimeoutMillis: 0 });
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect();
      const { release } = client;
      client.release = (broken) => release(broken || outdated.has(client));
      return client;
    },
    async end() {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      const cutOff = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, closeTimeoutMs);
      // The pool itself waits for what is lent out, such as a query that nothing waits for any more.
      await Promise.all([pool.end(), ...closed]);
      clearTimeout(cutOff);
    },
  };
}
