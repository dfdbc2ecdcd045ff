import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { instantText } from './instant.ts';
import type { Database } from './tables.ts';

/** Which codes to read. */
export interface DictionaryFilter {
  /** Only those of this source; undefined: of all. */
  readonly source?: string | undefined;
  /** Only those of these VDNs; undefined: of all. */
  readonly vdnIds?: readonly number[] | undefined;
  readonly withRemoved: boolean;
}

/** A code with its latest description. Instants are text in UTC, exact to the microsecond. */
export interface DictionaryRow {
  readonly source: string;
  readonly vdnId: number;
  readonly obsCode: string;
  readonly obsCodeDesc: string | null;
  readonly firstSeenAt: string;
  readonly changedAt: string;
  readonly removedAt: string | null;
}

const rowsAtOnce = 500;

/** How many rows `dictionaryPages` would give. */
export async function countDictionary(db: Kysely<Database>, filter: DictionaryFilter): Promise<number> {
  const { rows } = await matching(db, filter)
    .select(sql<number>`count(*)::integer`.as('rows'))
    .executeTakeFirstOrThrow();
  return rows;
}

/** The first code whose description is longer than this many UTF-16 units, if there is one. */
export async function longerDescription(db: Kysely<Database>, filter: DictionaryFilter, most: number) {
  const candidates = await matching(db, filter)
    // Postgres counts characters: one outside the basic plane takes two units.
    .where(sql<number>`length(obs_code_desc)`, '>', Math.floor(most / 2))
    .select(['source', 'vdn_id as vdnId', 'obs_code as obsCode', 'obs_code_desc as obsCodeDesc'])
    .execute();
  return candidates.find(({ obsCodeDesc }) => (obsCodeDesc ?? '').length > most);
}

/**
 * All rows by source, VDN and code, some hundred at a time. Read them in one transaction with isolation level
 * `repeatable read`, or the pages may show different moments.
 */
export async function* dictionaryPages(
  db: Kysely<Database>,
  filter: DictionaryFilter,
): AsyncGenerator<readonly DictionaryRow[]> {
  let last: DictionaryRow | undefined;
  do {
    let query = matching(db, filter);
    // Goes on where the page before ended, by the primary key's index.
    if (last !== undefined) {
      query = query.where(
        sql<boolean>`(source, vdn_id, obs_code) > (${last.source}, ${last.vdnId}, ${last.obsCode})`,
      );
    }
    const rows: DictionaryRow[] = await query
      .select((eb) => [
        'source',
        'vdn_id as vdnId',
        'obs_code as obsCode',
        'obs_code_desc as obsCodeDesc',
        instantText(eb.ref('first_seen_at')).as('firstSeenAt'),
        instantText(eb.ref('changed_at')).as('changedAt'),
        instantText(eb.ref('removed_at')).as('removedAt'),
      ])
      .orderBy('source')
      .orderBy('vdn_id')
      .orderBy('obs_code')
      .limit(rowsAtOnce)
      .execute();
    yield rows;
    last = rows.length === rowsAtOnce ? rows.at(-1) : undefined;
  } while (last !== undefined);
}

function matching(
  db: Kysely<Database>,
  { source, vdnIds, withRemoved }: DictionaryFilter,
): SelectQueryBuilder<Database, 'result_code', object> {
  let query = db.selectFrom('result_code');
  if (source !== undefined) query = query.where('source', '=', source);
  if (vdnIds !== undefined) query = query.where('vdn_id', 'in', vdnIds);
  if (!withRemoved) query = query.where('removed_at', 'is', null);
  return query;
}
