import { type Expression, type RawBuilder, sql } from 'kysely';

/**
 * An instant as text that gives exactly the same instant when it is written back: whole microseconds, which a
 * JavaScript Date would cut, and independent of the session's DateStyle and TimeZone.
 */
export function instantText<T extends Date | null>(
  instant: Expression<T>,
): RawBuilder<T extends null ? string | null : string> {
  return sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** The database's clock now; unlike now(), not the start of the transaction. */
export const clock = sql<Date>`clock_timestamp()`;
