import { ConnectionLostError, DatabaseBusyError, DatabaseError, FatalError } from '../errors.ts';

/** SQLSTATEs that this program acts on (PostgreSQL manual, appendix A). */
export const sqlState = {
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  undefinedObject: '42704',
  uniqueViolation: '23505',
  duplicateTable: '42P07',
  duplicateObject: '42710',
  duplicateFunction: '42723',
  insufficientPrivilege: '42501',
  notInPrerequisiteState: '55000',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  undefinedDatabase: '3D000',
  readOnlyTransaction: '25006',
  tooManyConnections: '53300',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
} as const;

/**
 * Connection exceptions; shut down, crashed, starting up, dropped, idle for too long; a transaction that was open for too
 * long. After each of them the server closes the connection.
 */
const closesConnection = /^(08...|57P0[1-5]|25P0[34])$/;

const passes: readonly string[] = [
  sqlState.readOnlyTransaction,
  sqlState.tooManyConnections,
  sqlState.lockNotAvailable,
  sqlState.queryCanceled,
  sqlState.serializationFailure,
  sqlState.deadlockDetected,
];
const insufficientResourcesClass = '53';

/** An error of the server itself; both pg and PGlite mark it by a severity. */
type ServerError = Error & { readonly severity: unknown; readonly code: string };

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

/**
 * Turns what a driver threw into the error tree; to be used wherever a driver is called, and nowhere else.
 *
 * @param brokeOff what an error means that is not the server's answer: the connection is lost, or the database is there
 * and cannot be used as it is or as it is configured
 */
export function databaseError(error: unknown, brokeOff: 'lost' | 'unusable'): unknown {
  if (error instanceof DatabaseError || error instanceof FatalError) return error;
  // A value that cannot be sent: a bug.
  if (!(error instanceof Error) || error instanceof TypeError) return error;
  const options = { cause: error };
  if (!isServerError(error)) {
    const message = messageOf(error);
    return brokeOff === 'lost'
      ? new ConnectionLostError(message, undefined, options)
      : new DatabaseError(message, undefined, options);
  }
  const message = `${error.message} (SQLSTATE ${error.code})`;
  if (closesConnection.test(error.code)) return new ConnectionLostError(message, error.code, options);
  if (passes.includes(error.code)) return new DatabaseBusyError(message, error.code, options);
  return new DatabaseError(message, error.code, options);
}

/** Trying several addresses of one name gives an AggregateError without a message of its own. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}

/** The SQLSTATE where the server itself answered with an error; undefined for everything else. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.sqlState : undefined;
}

/** Whether a failed database operation may succeed a minute later. */
export function isPassing(error: unknown): error is ConnectionLostError | DatabaseBusyError {
  return error instanceof ConnectionLostError || error instanceof DatabaseBusyError;
}

/**
 * Turns a database's failure that ends a command into the error that says so: `database-unreachable` where a retry a
 * minute later may help, else `database-unusable`. Other errors stay as they are.
 *
 * @param where names the database without a password
 */
export function contactError(error: unknown, where: string): unknown {
  return error instanceof DatabaseError ? fatalError(error, where) : error;
}

/** The same for an error that is the database's. */
export function fatalError(error: DatabaseError, where: string): FatalError {
  const options = { cause: error };
  if (error instanceof ConnectionLostError) {
    return new FatalError(
      'database-unreachable',
      `the database ${where} cannot be reached: ${error.message}. Check database.url, the network and that the server runs; ` +
        '`check` tries it again.',
      options,
    );
  }
  const mayPass =
    error instanceof DatabaseBusyError || error.sqlState?.startsWith(insufficientResourcesClass) === true;
  return new FatalError(
    mayPass ? 'database-unreachable' : 'database-unusable',
    `the database ${where} cannot be used${mayPass ? ' now' : ''}: ${error.message}. ${error.advice ?? adviceFor(error.sqlState)}`,
    options,
  );
}

function adviceFor(state: string | undefined): string {
  switch (state) {
    case sqlState.invalidPassword:
    case sqlState.invalidAuthorization:
      return 'Check the user and the password in database.url, and pg_hba.conf.';
    case sqlState.undefinedDatabase:
      return 'Create the database, or correct its name in database.url.';
    case sqlState.insufficientPrivilege:
      return (
        "Grant the missing right: `migrate` wants the schema's owner, who gives others theirs by `migrate --grant-writer ROLE` and " +
        '`--grant-reader ROLE`. Where a row security policy stands in the way: alter role ROLE bypassrls.'
      );
    case sqlState.uniqueViolation:
      return 'Where a restore has restarted the numbers of runs, `check` as the owner and docs/operations.md have the SQL.';
    case sqlState.undefinedTable:
      return 'A table or view was dropped, or the schema renamed: restore it, from a backup if need be.';
    case sqlState.undefinedColumn:
      return 'A table of another program may have a name that is needed: choose another database.schema, or rename what is there.';
    case sqlState.readOnlyTransaction:
      return (
        'It is a standby, or was made read-only. Give database.url the primary, or all hosts with ' +
        '?target_session_attrs=read-write; where it is to be the primary soon, run again.'
      );
    case sqlState.tooManyConnections:
      return 'A run needs five connections at the most: free some, or raise the limit of the role, database or server.';
    case sqlState.lockNotAvailable:
    case sqlState.queryCanceled:
    case sqlState.serializationFailure:
    case sqlState.deadlockDetected:
      return (
        'Another session has kept these tables or rows for too long. Have it end, or run again later; ' +
        'pg_stat_activity has it, with an old xact_start.'
      );
    case undefined:
      return 'Check database.url against what the server offers.';
    default:
      return 'See docs/operations.md.';
  }
}
