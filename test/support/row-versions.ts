import { query } from './template-database.ts';

export const codeTables = ['result_code', 'result_code_history'] as const;
const allTables = [...codeTables, 'vdn', 'held_change', 'sync_run', 'sync_run_vdn'] as const;

/**
 * A name for each row version in the tables. Postgres gives a row that is written a new one even where its values
 * stay, so two of these are equal only where nothing was written in between.
 */
export async function rowVersions(
  url: string,
  tables: readonly (typeof allTables)[number][] = allTables,
): Promise<string[]> {
  const parts = tables.map(
    (table) =>
      `select '${table} ' || ctid || ' ' || xmin || ' ' || md5(t::text) as version from obs.${table} as t`,
  );
  const rows = await query(url, parts.join(' union all '));
  return rows.map(({ version }) => String(version)).sort();
}
