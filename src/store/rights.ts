import { type Kysely, sql, type Transaction } from 'kysely';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import { sqlState, sqlStateOf } from './database-error.ts';
import type { Database } from './tables.ts';

type Right = 'insert' | 'update' | 'delete';

/** What a run writes. It reads all of these tables. */
const writing = {
  vdn: ['insert', 'update'],
  result_code: ['insert', 'update'],
  result_code_history: ['insert', 'update'],
  source: ['insert', 'update'],
  held_change: ['insert', 'update', 'delete'],
  sync_run: ['insert', 'update', 'delete'],
  sync_run_vdn: ['insert', 'update', 'delete'],
} as const satisfies Partial<Record<keyof Database, readonly Right[]>>;

/**
 * The sequence of run numbers. A run does not need to see it, but then notices a restarted sequence before it fails.
 */
const runNumbers = 'sync_run_run_id_seq';

/** What a dry run reads. */
const compared: readonly string[] = ['vdn', 'result_code', 'held_change', 'source'];

export interface Grants {
  readonly writers: readonly string[];
  readonly readers: readonly string[];
}

/**
 * Gives existing roles exactly the rights of docs/operations.md, those on later tables and views included. Must be done
 * as the schema's owner.
 *
 * @throws FatalError `database-unusable` where there is no such role
 */
export async function grantRights(
  { db, schema, where }: OpenDatabase,
  { writers, readers }: Grants,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const role of [...writers, ...readers]) {
      await grant(trx, sql`grant usage on schema ${sql.id(schema)} to ${sql.id(role)}`, role, where);
      await sql`grant select on all tables in schema ${sql.id(schema)} to ${sql.id(role)}`.execute(trx);
      await sql`alter default privileges in schema ${sql.id(schema)} grant select on tables to ${sql.id(role)}`.execute(
        trx,
      );
    }
    for (const role of writers) {
      for (const [table, rights] of Object.entries(writing)) {
        await sql`grant ${sql.raw(rights.join(', '))} on ${sql.id(schema, table)} to ${sql.id(role)}`.execute(
          trx,
        );
      }
      await sql`grant select on sequence ${sql.id(schema, runNumbers)} to ${sql.id(role)}`.execute(trx);
    }
  });
}

async function grant(
  trx: Transaction<Database>,
  statement: ReturnType<typeof sql>,
  role: string,
  where: string,
): Promise<void> {
  try {
    await statement.execute(trx);
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.undefinedObject) throw error;
    throw new FatalError(
      'database-unusable',
      `the database ${where} has no role ${role}. Create it first: create role ${role} login. Nothing was granted.`,
      { cause: error },
    );
  }
}

/**
 * Rights that a run needs and the connected role lacks, such as `insert on vdn`.
 *
 * @param writes whether the run writes, or only compares
 */
export async function missingRights(
  db: Kysely<Database>,
  schema: string,
  writes: boolean,
): Promise<string[]> {
  const wanted = Object.entries(writing).flatMap(([table, rights]) => {
    const reads = writes || compared.includes(table) ? ['select'] : [];
    return [...reads, ...(writes ? rights : [])].map((right) => ({ table, right }));
  });
  const tables = wanted.map(({ table }) => table);
  const rights = wanted.map(({ right }) => right);
  const { rows } = await sql<{ missing: string }>`
    select w.right_name || ' on ' || w.table_name as missing
    from unnest(${tables}::text[], ${rights}::text[]) with ordinality as w (table_name, right_name, position)
    join pg_class c on c.relname = w.table_name
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = ${schema}
    where not has_table_privilege(c.oid, w.right_name)
    order by missing`.execute(db);
  return rows.map(({ missing }) => missing);
}

/** Tables that a run needs and that are not there: they were dropped, or the schema was restored in part. */
export async function missingTables(db: Kysely<Database>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ table: string }>`
    select t as table from unnest(${Object.keys(writing)}::text[]) as t
    where not exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname = t and n.nspname = ${schema})
    order by t`.execute(db);
  return rows.map(({ table }) => table);
}

/** Tables of which a policy would hide rows from the connected role. */
export async function hiddenTables(db: Kysely<Database>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ table: string }>`
    select c.relname as table
    from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = ${schema}
    where c.relname = any (${Object.keys(writing)}::text[]) and row_security_active(c.oid)
    order by c.relname`.execute(db);
  return rows.map(({ table }) => table);
}

/**
 * Refuses a schema in which another role may create objects: its function or operator, with better matching arguments
 * than Postgres's own, would be called with the rights of the role that runs this program. Trusted are the schema's
 * owner, superusers, and the connected role itself.
 *
 * @throws FatalError `database-unusable`, with the REVOKE to run
 */
export async function requireTrustedSchema(
  { schema, where }: OpenDatabase,
  db: Kysely<Database>,
): Promise<void> {
  const { rows } = await sql<{ role: string; revoke: string }>`
    select coalesce(r.rolname, 'every role') as role,
      format('revoke create on schema %I from %s', n.nspname, coalesce(quote_ident(r.rolname), 'public')) as revoke
    from pg_namespace n
    cross join aclexplode(n.nspacl) acl
    left join pg_roles r on r.oid = acl.grantee
    where n.nspname = ${schema} and acl.privilege_type = 'CREATE' and acl.grantee <> n.nspowner
      and r.rolsuper is not true and r.rolname is distinct from current_user
    order by role`.execute(db);
  if (rows.length === 0) return;
  throw new FatalError(
    'database-unusable',
    `in the schema ${schema} of the database ${where}, ${rows.map(({ role }) => role).join(', ')} may create objects, and so put ` +
      `functions in front of those that this program calls. As the schema's owner run: ${rows.map(({ revoke }) => revoke).join('; ')}`,
  );
}
