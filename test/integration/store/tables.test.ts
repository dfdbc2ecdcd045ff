import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reportingDatabase, rowsOf, storeLists } from '../reporting/stored-lists.ts';

const { client } = await reportingDatabase();

/** What `pg` gives for a column, and the types that say so. Words that stand for themselves are types of text. */
const drivers: Readonly<Record<string, string>> = {
  integer: 'number',
  'double precision': 'number',
  text: 'string',
  bigint: 'string',
  boolean: 'boolean',
  'timestamp with time zone': 'Date',
  interval: 'unknown',
  jsonb: 'unknown',
};
const spelled: Readonly<Record<string, string>> = {
  Instant: 'Date',
  NullableInstant: 'Date | null',
  TriedOutcome: 'string',
  VdnErrorCode: 'string',
  RunStatus: 'string',
  CodeChangeKind: 'string',
};

/** The columns of each interface, as `name: type`, with what a driver gives for the type. */
function interfaces(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(new URL('../../../src/store/tables.ts', import.meta.url), 'utf8');
  return new Map(
    [...text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)].map(([, name = '', body = '']) => [
      name,
      [...body.matchAll(/^ {2}(\w+): (.*);$/gm)].map(
        ([, column, type = '']) => `${column}: ${selected(type)}`,
      ),
    ]),
  );
}

/** `Generated<A>` and `ColumnType<A, B, C>` give A. */
function selected(type: string): string {
  const inner = /^(?:Generated|GeneratedAlways|ColumnType)<([^,]*).*>$/.exec(type)?.[1] ?? type;
  const isNullable = inner.endsWith(' | null');
  const base = inner.replace(' | null', '');
  const isText = /^('\w+'( \| )?)+$|^Exclude</.test(base);
  return `${isText ? 'string' : (spelled[base] ?? base)}${isNullable ? ' | null' : ''}`;
}

const types = interfaces();
const relations = (types.get('Database') ?? []).map((line) => {
  const [name = '', type = ''] = line.split(': ');
  return { name, columns: types.get(type) ?? [] };
});

const stored = await rowsOf(
  client,
  `select relname as name, relkind = 'v' as is_view, attname as column, format_type(atttypid, null) as type, attnotnull
   from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
   where relnamespace = 'obs'::regnamespace and relkind in ('r', 'v') and relname not like 'schema\\_migration%'
   order by relname, attnum`,
);

// Of a view's columns Postgres does not say which may be null: here is a row for each that may.
await storeLists(client, 'prod', 1, [
  { at: '2026-01-01T02:00Z', codes: { '001': 'One' } },
  { at: '2026-01-02T02:00Z', codes: { '002': null } },
]);
await client.query(`insert into vdn (source, vdn_id) values ('prod', 2)`);

async function hasNulls(view: string, column: unknown): Promise<boolean> {
  return (await rowsOf(client, `select from ${view} where ${column} is null limit 1`)).length > 0;
}

test('every table has its type', () => {
  const tables = stored.filter((column) => !column.is_view).map(({ name }) => name);
  expect(relations.map(({ name }) => name)).toEqual(expect.arrayContaining([...new Set(tables)]));
});

describe.each(relations)('$name', ({ name, columns }) => {
  const own = stored.filter((column) => column.name === name);

  test('is typed as the database has it; a view, as far as the program reads it', async () => {
    expect(columns).not.toEqual([]);
    const isView = own[0]?.is_view === true;
    const expected: string[] = [];
    for (const { column, type, attnotnull } of own) {
      const driver = drivers[String(type)];
      const isNullable = isView ? await hasNulls(name, column) : !attnotnull;
      expected.push(`${column}: ${driver}${isNullable && driver !== 'unknown' ? ' | null' : ''}`);
    }
    if (isView) expect(expected).toEqual(expect.arrayContaining([...columns]));
    else expect([...columns].sort()).toEqual(expected.sort());
  });
});
