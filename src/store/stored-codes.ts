import { type Kysely, sql } from 'kysely';
import type { StoredCode } from '../domain/diff.ts';
import type { Database } from './tables.ts';

/** All codes that are stored of each of these VDNs, removed ones included, in the order asked for. */
export async function storedCodes(
  db: Kysely<Database>,
  vdns: readonly { readonly source: string; readonly vdnId: number }[],
): Promise<StoredCode[][]> {
  const codes = vdns.map((): StoredCode[] => []);
  const { rows } = await sql<StoredCode & { nth: number }>`
    select asked.nth::integer as nth, c.obs_code as "obsCode", c.obs_code_desc as "obsCodeDesc",
      c.removed_at is not null as removed
    from unnest(${vdns.map(({ source }) => source)}::text[], ${vdns.map(({ vdnId }) => vdnId)}::integer[])
      with ordinality as asked (source, vdn_id, nth)
    join result_code as c on c.source = asked.source and c.vdn_id = asked.vdn_id`.execute(db);
  for (const { nth, ...code } of rows) codes[nth - 1]?.push(code);
  return codes;
}
