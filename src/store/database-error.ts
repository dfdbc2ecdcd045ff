import { FatalError } from '../errors.ts';

/** SQLSTATEs that this program acts on (PostgreSQL manual, appendix A). */
export const sqlState = {
  undefinedTable: '42P01',
  insufficientPrivilege: '42501',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  undefinedDatabase: '3D000',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  tooManyConnections: '53300',
  lockNotAvailable: '55P03',
} as const;

/** Answers of a server that is there but shuts down, starts up or has no connection left. */
const serverNotAvailable: readonly string[] = [
  sqlState.adminShutdown,
  sqlState.crashShutdown,
  sqlState.cannotConnectNow,
  sqlState.tooManyConnections,
];
const connectionExceptionClass = '08';

/** The drivers give no code to most of what happens to a connection; where they are called, it is known. */
const lost = new WeakSet<Error>();
const unusable = new WeakSet<Error>();

/** For whoever calls a driver: the error means that the connection broke or could not be made. */
export function markConnectionLost(error: Error): void {
  lost.add(error);
}

/** For whoever calls a driver: the database is there, and cannot be used as it is or as it is configured. */
export function markDatabaseUnusable(error: Error): void {
  unusable.add(error);
}

/** The SQLSTATE where the server itself answered with an error; undefined for everything else. */
export function sqlStateOf(error: unknown): string | undefined {
  // Both pg and PGlite mark the server's own errors by a severity; Node's errors have a code of another kind.
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** Whether a failed database operation means that the database is away, rather than that it refused. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined)
    return state.startsWith(connectionExceptionClass) || serverNotAvailable.includes(state);
  return error instanceof Error && lost.has(error);
}

/** Whether a statement waited for a lock for as long as it may. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === sqlState.lockNotAvailable;
}

/** What went wrong, in one line that holds no query parameters and no connection string. */
export function describeDatabaseError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const state = sqlStateOf(error);
  if (state !== undefined) return `${error.message} (SQLSTATE ${state})`;
  // Trying several addresses of one name gives an AggregateError without a message of its own.
  if (error instanceof AggregateError) return error.errors.map(describeDatabaseError).join('; ');
  return error.message;
}

/**
 * Turns what the first contact with the database met into the error that ends the command.
 *
 * @param where names the database without a password
 */
export function contactError(error: unknown, where: string): unknown {
  const state = sqlStateOf(error);
  const refused = state !== undefined || (error instanceof Error && unusable.has(error));
  if (!refused && !isConnectionLost(error)) return error;
  const detail = describeDatabaseError(error);
  if (isConnectionLost(error)) {
    return new FatalError(
      'database-unreachable',
      `the database ${where} cannot be reached: ${detail}. Check database.url, the network and that the server runs; ` +
        '`check` tries it again.',
      { cause: error },
    );
  }
  return new FatalError(
    'database-unusable',
    `the database ${where} cannot be used: ${detail}. ${adviceFor(state)}`,
    {
      cause: error,
    },
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
      return 'Grant the missing right; docs/operations.md has the SQL for the three roles.';
    case sqlState.lockNotAvailable:
      return (
        'Another session has kept these tables or rows locked for too long. Have it end, or run again later; ' +
        'pg_stat_activity has it, with an old xact_start.'
      );
    case undefined:
      return 'Check database.url, above all its password and its sslmode, against what the server offers.';
    default:
      return 'See docs/operations.md.';
  }
}
