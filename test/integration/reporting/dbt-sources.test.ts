import type pg from 'pg';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { reportingDatabase } from './stored-lists.ts';

const { client } = await reportingDatabase();

test('the sources of the dbt package are what the database says of itself', async () => {
  await expect(await dbtSources(client)).toMatchFileSnapshot(
    '../../../deploy/reporting/dbt/models/sources.yml',
  );
});

interface Relation {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
  readonly keys: readonly (readonly string[])[];
  readonly checks: readonly string[];
}

const head = `# Made from the database: npx vitest run test/integration/reporting/dbt-sources.test.ts -u
`;

/** The sources of the dbt package: what the database says of its tables and views, as descriptions and tests. */
async function dbtSources(client: pg.Client): Promise<string> {
  const { rows } = await client.query<Relation>(relations);
  const tables = rows.map(({ name, description, columns, keys, checks }) => {
    const tests = [
      ...keys
        .filter((key) => key.length > 1)
        .map((key) => ({ unique_together: { arguments: { columns: key } } })),
      ...checks.map((expression) => ({ satisfies: { arguments: { expression } } })),
    ];
    return {
      name,
      description,
      ...(tests.length > 0 ? { data_tests: tests } : {}),
      columns: columns.map((column) => {
        const isKey = keys.some((key) => key.length === 1 && key[0] === column.name);
        const ofColumn = [...(isKey ? ['unique'] : []), ...(column.required ? ['not_null'] : [])];
        return {
          name: column.name,
          description: column.description,
          ...(ofColumn.length > 0 ? { data_tests: ofColumn } : {}),
        };
      }),
    };
  });
  const hours = (name: string, count: number) => `{{ var('${name}', ${count}) }}`;
  const source = {
    name: 'obs',
    description:
      'What obs-code-sync keeps: the OBS result codes of every VDN, their history, and how far they can be trusted.',
    schema: "{{ var('obs_schema', 'obs') }}",
    config: {
      freshness: {
        warn_after: { count: hours('obs_warn_after_hours', 30), period: 'hour' },
        error_after: { count: hours('obs_error_after_hours', 36), period: 'hour' },
      },
      loaded_at_query: '{{ obs_code_sync.obs_verified_at() }}',
    },
    tables,
  };
  return head + stringify({ sources: [source] }, { lineWidth: 120 });
}

const relations = `
  select c.relname as name, obj_description(c.oid, 'pg_class') as description,
    (select json_agg(json_build_object(
        'name', a.attname, 'description', col_description(c.oid, a.attnum), 'required', a.attnotnull) order by a.attnum)
      from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    coalesce((select json_agg((select json_agg(a.attname order by n)
          from unnest(k.conkey) with ordinality as key (attnum, n)
          join pg_attribute as a on a.attrelid = c.oid and a.attnum = key.attnum) order by k.conname)
      from pg_constraint as k where k.conrelid = c.oid and k.contype = 'p'), '[]') as keys,
    coalesce((select json_agg(substring(pg_get_constraintdef(k.oid) from '^CHECK \\((.*)\\)$') order by k.conname)
      from pg_constraint as k where k.conrelid = c.oid and k.contype = 'c'), '[]') as checks
  from pg_class as c
  where c.relnamespace = 'obs'::regnamespace and c.relkind in ('r', 'v') and c.relname not like 'schema\\_migration%'
  order by c.relname`;
