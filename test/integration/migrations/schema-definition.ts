import type { OpenDatabase } from '../../../src/store/database.ts';
import { rowsOf } from '../store/opened.ts';

/** Each kind of thing that migrations make, as text that says all about it; the schema's own name is left out. */
const definitions: Readonly<Record<string, string>> = {
  columns: `
    select c.relname || '.' || a.attname || ' ' || a.attnum || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end || ' identity:' || a.attidentity::text
      || ' generated:' || a.attgenerated::text || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
      || coalesce(' comment ' || col_description(c.oid, a.attnum), '')
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = $schema and c.relkind in ('r', 'v')`,
  constraints: `
    select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    from pg_constraint where connamespace = $schema and contype <> 'n'`,
  indexes: `select pg_get_indexdef(oid) from pg_class where relnamespace = $schema and relkind = 'i'`,
  views: `
    select relname || ' ' || pg_get_viewdef(oid) || coalesce(obj_description(oid, 'pg_class'), '')
    from pg_class where relnamespace = $schema and relkind = 'v'`,
  tables: `
    select relname || coalesce(' ' || obj_description(oid, 'pg_class'), '') || ' ' || relpersistence::text
    from pg_class where relnamespace = $schema and relkind = 'r'`,
  functions: `
    select pg_get_functiondef(oid) || coalesce(obj_description(oid, 'pg_proc'), '')
    from pg_proc where pronamespace = $schema`,
  others: `
    select relname || ' ' || relkind::text from pg_class
    where relnamespace = $schema and relkind not in ('r', 'v', 'i', 'S', 't')`,
};

/** All that a schema consists of, sorted. */
export async function schemaDefinition(database: OpenDatabase): Promise<Record<string, string[]>> {
  const { schema } = database;
  const qualifier = new RegExp(`(?<!\\w)"?${schema}"?\\.`, 'g');
  const kinds = await Promise.all(
    Object.entries(definitions).map(async ([kind, statement]) => {
      const rows = await rowsOf(
        database,
        `select * from (${statement.replaceAll('$schema', `'"${schema}"'::regnamespace`)}) as d (definition)`,
      );
      const texts = rows.map(({ definition }) => String(definition).replaceAll(qualifier, ''));
      return [kind, texts.sort()] as const;
    }),
  );
  return Object.fromEntries(kinds);
}
