import { type Kysely, sql } from 'kysely';
import { FatalError } from '../errors.ts';
import type { OpenDatabase } from './database.ts';
import type { Database } from './tables.ts';

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
