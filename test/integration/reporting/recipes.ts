import { examples, read } from '../../support/documents.ts';

/** The SQL of docs/reporting.md: each heading's statements, in order. */
export function recipes(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const section of read('docs/reporting.md').split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'));
    const statements = examples(section, 'sql').map((sql) => sql.replace(/;\n$/, ''));
    if (statements.length > 0) found.set(heading, statements);
  }
  return found;
}

/** One statement of one heading. */
export function recipe(heading: string, index = 0): string {
  const statement = recipes().get(heading)?.[index];
  if (statement === undefined)
    throw new Error(`docs/reporting.md has no statement ${index} under "${heading}"`);
  return statement;
}

/** The facts that the recipes join. */
export const callsTable = `
  create table calls (
    call_id integer primary key, source text not null, vdn_id integer not null, call_time timestamptz not null,
    called text, call_status integer not null, fail_code text, external_result text
  );
  create view calls_with_numbers as
  select call_id, fail_code::bigint as fail_code from calls where fail_code ~ '^[0-9]+$'`;
