import pg from 'pg';

/**
 * Settings that the program's SQL and the driver rely on. The program sets them itself, over those of the role, the
 * database and the server.
 */
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

/**
 * A lock or a query held up by another session fails its VDN instead of hanging the night. A role's own limits are made
 * for other programs.
 */
const limits: Readonly<Record<string, string>> = {
  lock_timeout: '30s',
  statement_timeout: '60s',
  idle_in_transaction_session_timeout: '60s',
};

/**
 * The statements that make a session what the program relies on. The schema alone is on the search path, so that SQL
 * needs no qualified names. A limit that the URL sets in its `options` stays.
 *
 * @param scope whether they hold for the session, or for the transaction that they begin
 */
export function sessionSettings(schema: string, scope: 'session' | 'local' = 'session', url = ''): string[] {
  const set = (settings: Readonly<Record<string, string>>) =>
    Object.entries(settings).map(([name, value]) => `set ${scope} ${name} to '${value}'`);
  const isLocal = scope === 'local';
  const ownLimits = Object.entries(limits).filter(([name]) => !url.includes(name));
  return [
    // First: the role's own may be too short for what follows.
    ...set(Object.fromEntries(ownLimits)),
    // Until then the role's own search path may put functions and operators before Postgres's: no statement above calls any.
    `set ${scope} search_path to ${pg.escapeIdentifier(schema)}, pg_temp`,
    ...set(reliedUpon),
    // Not every version has them. Nothing but the program ends its transactions, and its views may be read.
    `select set_config(name, boot_val, ${isLocal}) from pg_settings where name in ('transaction_timeout', 'restrict_nonsystem_relation_kind')`,
  ];
}

/**
 * Further statements for the connection that holds a run's locks: if this machine dies, the server notices within a
 * minute or two and frees them.
 */
export const lockSessionSettings: readonly string[] = [
  'set tcp_keepalives_idle to 30',
  'set tcp_keepalives_interval to 10',
  'set tcp_keepalives_count to 3',
];
