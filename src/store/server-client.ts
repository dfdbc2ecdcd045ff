import { Socket } from 'node:net';
import pg from 'pg';
import type { SessionAttributes } from '../config/database-url.ts';
import { ConnectionLostError, DatabaseBusyError, DatabaseError } from '../errors.ts';
import { databaseError, isPassing, sqlState, sqlStateOf } from './database-error.ts';

/** From the first packet to a session that is ready to use. */
const connectTimeoutMs = 10_000;

/** OpenSSL's names for what can be wrong with a certificate, and Node's. */
const certificateProblem =
  /^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|INVALID_|PATH_LENGTH|CRL_)/;

/** What a server must say of itself; no functions, which others may have put into the search path. */
const required: Readonly<
  Record<SessionAttributes, { readonly ask: string; readonly off: string } | undefined>
> = {
  any: undefined,
  primary: { ask: 'show in_hot_standby', off: 'is a standby' },
  'read-write': { ask: 'show transaction_read_only', off: 'is a standby or read-only' },
};

/** What makes a session one that is ready to use. */
export interface SessionSetup {
  /** Statements that each connection runs before it is used; where they fail, it is closed and counts as lost. */
  readonly settings: readonly string[];
  readonly attributes: SessionAttributes;
  /** Called when this server cannot be used now. */
  readonly passOver: () => void;
}

/** One connection, as `pg`'s pool and Kysely use it. All its errors are from the error tree. */
export class ServerClient extends pg.Client {
  readonly socket: Socket;
  /** The server is no longer the one that takes writes; the next connection may reach another. */
  outdated = false;
  readonly #session: SessionSetup;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: pg.ClientConfig, session: SessionSetup) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.socket = socket;
    this.#session = session;
    // It broke between two queries: the next query reports it.
    this.on('error', () => {});
    // Only the form that the pool and Kysely call, of the many that pg has.
    Object.assign(this, {
      connect: (done: (error: unknown) => void) => this.#connect().then(() => done(null), done),
      query: (sql: string, values: unknown[]) => this.#askInTurn(sql, values),
    });
  }

  async #connect(): Promise<void> {
    const timeout = setTimeout(() => {
      this.socket.destroy(new Error(`no answer within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    try {
      await super.connect().catch((error: unknown) => {
        throw this.#refusal(error) ?? databaseError(error, 'lost');
      });
      await this.#requireAttributes();
      await this.#prepare();
    } catch (error) {
      this.socket.destroy();
      if (isPassing(error)) this.#session.passOver();
      throw error;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Errors that stay until the URL, the password or the server is changed. */
  #refusal(error: unknown): DatabaseError | undefined {
    if (!(error instanceof Error)) return undefined;
    const refused = (message: string, advice?: string) =>
      new DatabaseError(message, sqlStateOf(databaseError(error, 'lost')), { cause: error, advice });
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    if (error instanceof pg.DatabaseError) {
      if (code === sqlState.invalidPassword && !this.password) return refused(noPassword, passwordAdvice);
      const statement = this.#wayIn(code);
      return statement === undefined
        ? undefined
        : refused(`${error.message} (SQLSTATE ${code})`, `As the database's owner run: ${statement}`);
    }
    if (code !== undefined) {
      // After the semicolon Node's text is about its own options.
      const [problem] = error.message.split(';');
      return certificateProblem.test(code)
        ? refused(`the server's certificate is not trusted: ${problem}`, certificateAdvice)
        : undefined;
    }
    // Where pg gives up on a server that did answer, there is no error of the socket or of Node.
    if (this.socket.destroyed) return undefined;
    return /^SASL/.test(error.message) && !this.password
      ? refused(noPassword, passwordAdvice)
      : refused(error.message);
  }

  /** SQL that lets the role in. At a login the one right that can be missing is CONNECT. */
  #wayIn(state: string | undefined): string | undefined {
    const database = pg.escapeIdentifier(this.database ?? '');
    if (state === sqlState.insufficientPrivilege)
      return `grant connect on database ${database} to ${pg.escapeIdentifier(this.user ?? '')}`;
    if (state === sqlState.notInPrerequisiteState) return `alter database ${database} allow_connections true`;
    return undefined;
  }

  async #requireAttributes(): Promise<void> {
    const { ask, off } = required[this.#session.attributes] ?? {};
    if (ask === undefined) return;
    const { rows } = await super.query<Record<string, string>>(ask).catch((error: unknown) => {
      throw databaseError(error, 'lost');
    });
    if (Object.values(rows[0] ?? {})[0] === 'off') return;
    throw new DatabaseBusyError(`${this.host}:${this.port} ${off}`, sqlState.readOnlyTransaction);
  }

  async #prepare(): Promise<void> {
    const { settings } = this.#session;
    try {
      if (settings.length > 0) await super.query(settings.join('; '));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const message = `the session could not be set up: ${detail}`;
      throw new ConnectionLostError(message, undefined, { cause: error });
    }
  }

  /** Statements of a transaction may be issued concurrently; a later pg will not queue them. */
  #askInTurn(sql: string, values: unknown[]): Promise<pg.QueryResult> {
    const answer = this.#last.then(() => this.#ask(sql, values));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask(sql: string, values: unknown[]): Promise<pg.QueryResult> {
    try {
      return await super.query(sql, values);
    } catch (failure) {
      const error = databaseError(failure, 'lost');
      this.outdated ||= sqlStateOf(error) === sqlState.readOnlyTransaction;
      // After a query without an answer, the rollback would wait as long again.
      if (!(failure instanceof pg.DatabaseError || failure instanceof TypeError)) this.socket.destroy();
      throw error;
    }
  }
}

const noPassword = 'the server asks for a password, and none is given';
const passwordAdvice = 'Put it into database.url, or set PGPASSWORD or PGPASSFILE.';
const certificateAdvice =
  'Name the file with its authority as sslrootcert in database.url (sslrootcert=system: what this machine trusts), and the ' +
  'host as the certificate has it.';
