import { type Kysely, sql } from 'kysely';

/**
 * An upgrade takes `migrate` alone: roles that were granted what version 0.1.0 had get the like on what came since.
 * Default privileges give new tables to readers at most, and not every database has them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const role of await rolesWith(db, 'result_code', ['SELECT'])) {
    await sql`grant select on source, obs_code_dimension, source_status to ${role}`.execute(db);
  }
  for (const role of await rolesWith(db, 'vdn', ['INSERT', 'UPDATE'])) {
    await sql`grant select, insert, update on source to ${role}`.execute(db);
  }
}

/**
 * Roles that have one of these rights on the table: those it was granted to by name (their members inherit it), and
 * its owner where somebody else, such as a superuser, migrates now.
 */
async function rolesWith(db: Kysely<unknown>, table: string, rights: readonly string[]) {
  const { rows } = await sql<{ role: string | null }>`
    select distinct r.rolname as role
    from pg_class as c
    cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as acl
    left join pg_roles as r on r.oid = acl.grantee
    where c.oid = ${table}::regclass and acl.privilege_type in (${sql.join(rights)})
      and acl.grantee <> (select relowner from pg_class where oid = 'source'::regclass)`.execute(db);
  // A grant to PUBLIC is to no role.
  return rows.map(({ role }) => (role === null ? sql`public` : sql.ref(role)));
}
