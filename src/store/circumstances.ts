import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

/** What `check` shows of the database and the session. */
export interface Circumstances {
  readonly version: string;
  readonly role: string;
  readonly encoding: string;
  /** By how much the database's clock is ahead of this machine's, in milliseconds; negative where it is behind. */
  readonly clockAheadMs: number;
  /** How many more sessions the role could have; the one that asks counts as free. */
  readonly freeConnections: number;
}

/** Looks at the server and the session; needs no schema. */
export async function circumstances(db: Kysely<Database>): Promise<Circumstances> {
  const askedAt = Date.now();
  const { rows } = await sql<Omit<Circumstances, 'clockAheadMs'> & { now: Date }>`
    select current_setting('server_version') as version, current_user::text as role,
      current_setting('server_encoding') as encoding, clock_timestamp() as now,
      (1 + least(
        case when r.rolsuper then reserve.whole else reserve.whole - reserve.kept end
          - (select sum(numbackends) from pg_stat_database),
        case when r.rolconnlimit >= 0 and not r.rolsuper then r.rolconnlimit
          - (select count(*) from pg_stat_activity where usesysid = r.oid) end,
        case when d.datconnlimit >= 0 and not r.rolsuper then d.datconnlimit
          - (select numbackends from pg_stat_database where datid = d.oid) end
      ))::integer as "freeConnections"
    from pg_roles r, pg_database d,
      (select current_setting('max_connections')::integer as whole,
        current_setting('superuser_reserved_connections')::integer
          + coalesce(current_setting('reserved_connections', true), '0')::integer as kept) as reserve
    where r.rolname = current_user and d.datname = current_database()`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the connected role is not in pg_roles');
  const { now, ...rest } = row;
  return { ...rest, clockAheadMs: now.getTime() - (askedAt + Date.now()) / 2 };
}

const instants = [
  ['vdn', 'last_verified_at'],
  ['result_code', 'changed_at'],
  ['result_code_history', 'valid_from'],
  ['sync_run', 'started_at'],
] as const;

/** Columns that hold times in the future, since the clock was ahead, each with its newest time. */
export async function futureInstants(db: Kysely<Database>): Promise<{ column: string; newest: Date }[]> {
  const parts = instants.map(
    ([table, column]) => sql`
      select ${sql.lit(`${table}.${column}`)} as column, max(${sql.id(column)}) as newest
      from ${sql.id(table)} where ${sql.id(column)} > clock_timestamp()`,
  );
  const { rows } = await sql<{ column: string; newest: Date }>`
    select * from (${sql.join(parts, sql` union all `)}) as future where newest is not null`.execute(db);
  return rows;
}

/** SQL for the schema's owner: new runs get numbers above those in use. */
export function restoreRunNumbers(schema: string): string {
  return (
    `select setval(pg_get_serial_sequence('${schema}.sync_run', 'run_id'), ` +
    `greatest((select max(run_id) from ${schema}.sync_run), (select max(last_run_id) from ${schema}.vdn)))`
  );
}

/**
 * Whether the numbers of runs were restarted below those that are taken. Those that VDNs still have count too: a run with
 * such a number would take these VDNs for done. False where the role may not see: one with rights on tables alone can run.
 */
export async function runNumbersRestarted(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{ sequence: string }>`
    select sequence from pg_get_serial_sequence('sync_run', 'run_id') as sequence
    where has_sequence_privilege(sequence, 'select')`.execute(db);
  if (rows[0] === undefined) return false;
  const { rows: found } = await sql<{ restarted: boolean }>`
    select exists (select from sync_run where run_id >= next.value)
      or exists (select from vdn where last_run_id >= next.value) as restarted
    from (select last_value + is_called::integer as value from ${sql.raw(rows[0].sequence)}) as next`.execute(
    db,
  );
  return found[0]?.restarted === true;
}

/**
 * Whether a VDN of these sources has this number of a run already, or a later one. While their locks are held no other run
 * gives them one. A role with rights on tables alone sees it too.
 */
export async function isRunNumberTaken(
  db: Kysely<Database>,
  runId: number,
  sources: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    select from vdn where source = any (${[...sources]}::text[]) and last_run_id >= ${runId} limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
