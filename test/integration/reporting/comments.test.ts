import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { kinds } from '../store/opened.ts';

const described = sql<{ name: string; comment: string | null }>`
  select c.relname as name, obj_description(c.oid, 'pg_class') as comment
  from pg_class as c
  where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  union all
  select c.relname || '.' || a.attname, col_description(c.oid, a.attnum)
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
  union all
  select proname || '()', obj_description(oid, 'pg_proc')
  from pg_proc
  where pronamespace = current_schema::regnamespace`;

test.each(Object.entries(kinds))(
  'on %s every table, view, column and function says what it means',
  async (_, open) => {
    const { db, close } = await open();
    onTestFinished(close);
    const { rows } = await described.execute(db);
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['result_code', 'freshness.age', 'code_change.kind', 'result_code_as_of()']),
    );
    expect(rows.filter(({ comment }) => (comment ?? '').length < 10)).toEqual([]);
  },
);
