import { FatalError, Interruption, VdnError } from '../errors.ts';

/** SQLSTATEs that this program acts on (PostgreSQL manual, appendix A). */
export const sqlState = {
  undefinedTable: '42P01',
  insufficientPrivilege: '42501',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  undefinedDatabase: '3D000',
} as const;

/** Answers of a server that is there but shuts down, starts up or has no connection left. */
const serverNotAvailable = ['57P01', '57P02', '57P03', '53300'];
const connectionExceptionClass = '08';

/** The SQLSTATE where the server itself answered with an error; undefined for everything else. */
export function sqlStateOf(error: unknown): string | undefined {
  // Both pg and PGlite mark the server's own errors by a severity; Node's errors have a code of another kind.
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/**
 * Whether a failed database operation means that the database is away, rather than that it refused. pg gives
 * no code to most of what happens to a connection, so it is told by exclusion: no answer of the server, no error
 * of this program's own tree, and none of the kind that a bug makes.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined)
    return state.startsWith(connectionExceptionClass) || serverNotAvailable.includes(state);
  return error instanceof Error && !otherErrors.some((kind) => error instanceof kind);
}

const otherErrors = [FatalError, VdnError, Interruption, TypeError, RangeError, ReferenceError, SyntaxError];

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
  if (error instanceof FatalError) return error;
  const state = sqlStateOf(error);
  if (state === undefined && !isConnectionLost(error)) return error;
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
    default:
      return 'See docs/operations.md.';
  }
}
