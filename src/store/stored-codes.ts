import type { Kysely } from 'kysely';
import type { StoredCode } from '../domain/diff.ts';
import type { Database } from './tables.ts';

/** All codes that are stored of a VDN, removed ones included. */
export async function storedCodes(
  db: Kysely<Database>,
  source: string,
  vdnId: number,
): Promise<StoredCode[]> {
  const rows = await db
    .selectFrom('result_code')
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId)
    .select(['obs_code', 'obs_code_desc', 'removed_at'])
    .execute();
  return rows.map((row) => ({
    obsCode: row.obs_code,
    obsCodeDesc: row.obs_code_desc,
    removed: row.removed_at !== null,
  }));
}
