/**
 * One tree, split by what the caller does about an error:
 *
 * - `FatalError` ends the command; its `exitCode` is the process's.
 * - `VdnError` ends one VDN; the run goes on with the next one.
 * - `RetriableError` is a `VdnError` whose attempt should be retried first.
 * - `OutageError` is a `VdnError` that ends its source.
 * - `DatabaseError` is what `store/` throws where the database failed; its subclasses say whether a retry may help.
 *
 * Every message is written for the operator: what happened, where, and what to do next. None may hold a secret, a
 * signature or a request header.
 */

/** Why a VDN was not brought up to date; stored in the database and part of the run summary. */
export const vdnErrorCodes = [
  'unauthorized',
  'forbidden',
  'tls',
  'network',
  'timeout',
  'http-status',
  'rate-limited',
  'redirect',
  'too-large',
  'not-json',
  'bad-response',
  'isales-error',
  'incomplete-snapshot',
  'bad-row',
  'stale-snapshot',
  'database',
  'source-unavailable',
  'interrupted',
] as const;
export type VdnErrorCode = (typeof vdnErrorCodes)[number];

/** Why a command ended before it could do its work, or in the middle of it. */
export type FatalCode =
  | 'usage'
  | 'configuration'
  | 'database-unreachable'
  | 'database-unusable'
  | 'locked'
  | 'unexpected';

export const exitCodes = {
  done: 0,
  unexpected: 1,
  configuration: 2,
  someFailed: 3,
  held: 4,
  allFailed: 5,
  databaseUnreachable: 6,
  databaseUnusable: 7,
  locked: 75,
  sigint: 130,
  sigterm: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const fatalExitCodes: Record<FatalCode, ExitCode> = {
  usage: exitCodes.configuration,
  configuration: exitCodes.configuration,
  'database-unreachable': exitCodes.databaseUnreachable,
  'database-unusable': exitCodes.databaseUnusable,
  locked: exitCodes.locked,
  unexpected: exitCodes.unexpected,
};

/** Ends the command. The message is shown as it is, without a stack trace. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
  readonly code: FatalCode;

  constructor(code: FatalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): ExitCode {
    return fatalExitCodes[this.code];
  }
}

export interface VdnErrorOptions extends ErrorOptions {
  /** The HTTP status that the server answered with, where that is the failure. */
  readonly status?: number | undefined;
}

/** Ends one VDN; nothing of it is written. */
export class VdnError extends Error {
  override readonly name: string = 'VdnError';
  readonly code: VdnErrorCode;
  readonly status: number | undefined;

  constructor(code: VdnErrorCode, message: string, options?: VdnErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = options?.status;
  }
}

/** An attempt that may succeed when it is retried. */
export class RetriableError extends VdnError {
  override readonly name = 'RetriableError';
  /** How long the server asked to wait, in milliseconds, where it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: VdnErrorCode,
    message: string,
    options?: VdnErrorOptions & { retryAfterMs?: number | undefined },
  ) {
    super(code, message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The server stayed away for longer than the source's `outage` allows: its remaining VDNs are not tried. */
export class OutageError extends VdnError {
  override readonly name = 'OutageError';
}

/** A database operation that failed for a reason that stays: a missing right, a missing table, a value refused. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  /** The SQLSTATE where the server itself answered; undefined where a driver or the network failed. */
  readonly sqlState: string | undefined;
  /** What to do about it, where more is known than the SQLSTATE tells. */
  readonly advice: string | undefined;

  /** @param message one line that holds no query parameters and no connection string */
  constructor(
    message: string,
    sqlState: string | undefined,
    options?: ErrorOptions & { advice?: string | undefined },
  ) {
    super(message, options);
    this.sqlState = sqlState;
    this.advice = options?.advice;
  }
}

/** The connection broke or could not be made. A commit that was under way may have succeeded or not. */
export class ConnectionLostError extends DatabaseError {
  override readonly name = 'ConnectionLostError';
}

/**
 * The server refused for a reason that passes: a lock, a standby on its way to being a primary, no connection left.
 * Nothing of the operation was written.
 */
export class DatabaseBusyError extends DatabaseError {
  override readonly name = 'DatabaseBusyError';
}

/** The run was told to stop: by a signal, or because its time was up. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: 130 | 143;

  constructor(exitCode: 130 | 143, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
