import { type Kysely, sql } from 'kysely';
import type { StoredCode } from '../domain/diff.ts';
import type { Database } from './tables.ts';

/** All codes that are stored of a VDN, removed ones included. */
export async function storedCodes(
  db: Kysely<Database>,
  source: string,
  vdnId: number,
): Promise<StoredCode[]> {
  return (await storedCodesOfEach(db, source, [vdnId])).flat();
}

/** The same of several VDNs of a source, each on its own, in the order asked for. */
export async function storedCodesOfEach(
  db: Kysely<Database>,
  source: string,
  vdnIds: readonly number[],
): Promise<StoredCode[][]> {
  const codes = await db
    .selectFrom('result_code')
    .where('source', '=', source)
    .where('vdn_id', '=', sql<number>`any(${[...vdnIds]}::integer[])`)
    .select((eb) => [
      'vdn_id as vdnId',
      'obs_code as obsCode',
      'obs_code_desc as obsCodeDesc',
      eb('removed_at', 'is not', null).$castTo<boolean>().as('removed'),
    ])
    .execute();
  const ofVdn = Map.groupBy(codes, ({ vdnId }) => vdnId);
  return vdnIds.map((vdnId) => ofVdn.get(vdnId) ?? []);
}
