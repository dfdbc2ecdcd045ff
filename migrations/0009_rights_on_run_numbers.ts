import { type Kysely, sql } from 'kysely';

/**
 * Writers may see where the numbers of runs have come to, so that `check` finds out where a restore has restarted them. As
 * in 0008, those are the roles that may write `vdn`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ role: string | null }>`
    select distinct r.rolname as role
    from pg_class as c
    cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as acl
    left join pg_roles as r on r.oid = acl.grantee
    where c.oid = 'vdn'::regclass and acl.privilege_type in ('INSERT', 'UPDATE')
      and acl.grantee <> (select relowner from pg_class where oid = 'sync_run'::regclass)`.execute(db);
  const [sequence] = (
    await sql<{ name: string }>`select pg_get_serial_sequence('sync_run', 'run_id') as name`.execute(db)
  ).rows;
  for (const { role } of rows) {
    // A grant to PUBLIC is to no role.
    const grantee = role === null ? sql`public` : sql.ref(role);
    await sql`grant select on sequence ${sql.raw(sequence?.name ?? '')} to ${grantee}`.execute(db);
  }
}
