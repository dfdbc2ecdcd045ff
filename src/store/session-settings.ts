import pg from 'pg';

/** What the program's SQL and the driver rely on, set by itself, over what the role, the database or the server has set. */
const reliedUpon: Readonly<Record<string, string>> = {
  // The driver reads dates in this style alone.
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  // Under serializable, VDNs that are written side by side fail each other.
  default_transaction_isolation: 'read committed',
  // A policy raises an error instead of hiding rows.
  row_security: 'off',
  // Off, a null in an array that the driver sends becomes the text NULL.
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  // The connection of a run's locks is idle for hours.
  idle_session_timeout: '0',
};

/** A lock or a query held up by another session fails its VDN instead of hanging the night. */
const limits: Readonly<Record<string, string>> = {
  lock_timeout: '30s',
  statement_timeout: '60s',
  idle_in_transaction_session_timeout: '60s',
};

/**
 * The statements that make a session what the program relies on. The schema alone is on the search path, so that SQL
 * needs no qualified names; limits apply where neither the role nor the URL has set one.
 *
 * @param scope whether they hold for the session, or for the transaction that they begin
 */
export function sessionSettings(schema: string, scope: 'session' | 'local' = 'session'): string[] {
  const isLocal = scope === 'local';
  return [
    // First: until then the role's own search path may put functions and operators before Postgres's.
    `set ${scope} search_path to ${pg.escapeIdentifier(schema)}, pg_temp`,
    ...Object.entries(reliedUpon).map(([name, value]) => `set ${scope} ${name} to '${value}'`),
    ...Object.entries(limits).map(
      ([name, value]) =>
        `select set_config('${name}', case current_setting('${name}') when '0' then '${value}' else current_setting('${name}') end, ${isLocal})`,
    ),
  ];
}

/**
 * Further statements for the connection that holds a run's locks: where this machine dies the server shall notice within
 * a minute or two and free them.
 */
export const lockSessionSettings: readonly string[] = [
  'set tcp_keepalives_idle to 30',
  'set tcp_keepalives_interval to 10',
  'set tcp_keepalives_count to 3',
];
