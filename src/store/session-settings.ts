import { CompiledQuery } from 'kysely';

/** A lock or a query held up by somebody else fails its VDN instead of hanging the night. */
const limits = { lock_timeout: '30s', statement_timeout: '60s', idle_in_transaction_session_timeout: '60s' };

/**
 * The settings of every session: the schema alone is on the search path, so that SQL needs no qualified names;
 * limits apply where neither the role nor the URL has set one.
 */
export function sessionSettings(schema: string): CompiledQuery {
  const settings = Object.entries(limits).map(
    ([name, value]) =>
      `set_config('${name}', case current_setting('${name}') when '0' then '${value}' else current_setting('${name}') end, false)`,
  );
  return CompiledQuery.raw(
    `select set_config('search_path', quote_ident($1) || ', pg_temp', false), ${settings.join(', ')}`,
    [schema],
  );
}

/**
 * Further settings of the connection that holds a run's locks: it idles for hours, and where this machine dies
 * the server shall notice within a minute or two and free the locks.
 */
export const lockSessionSettings: CompiledQuery = CompiledQuery.raw(
  `select set_config('idle_session_timeout', '0', false), set_config('tcp_keepalives_idle', '30', false),
    set_config('tcp_keepalives_interval', '10', false), set_config('tcp_keepalives_count', '3', false)`,
);
