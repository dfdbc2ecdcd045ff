import { type Kysely, sql } from 'kysely';
import { instantText } from './instant.ts';
import type { Database } from './tables.ts';

/** What is known of a VDN before it is read. */
export interface VdnState {
  readonly vdnId: number;
  /** As text, to the microsecond; an apply refuses where it is no longer this. Null: never verified. */
  readonly lastVerifiedAt: string | null;
  /** Verified within the asked-for age, and not held: what is held waits for an approval, which must not pass it by. */
  readonly fresh: boolean;
}

/**
 * Makes sure that each configured VDN of a source has its row, and marks those that are no longer configured.
 * Their codes stay, what was held of them is let go. Writes only what is not so already.
 *
 * The insert waits for sessions that are changing these rows. That is needed: what a killed run is still committing
 * would otherwise overtake the reading of the states, and its VDNs would be refused as stale.
 */
export async function prepareVdns(
  db: Kysely<Database>,
  source: string,
  configured: readonly number[],
): Promise<void> {
  const ids = sql<number[]>`${[...configured]}::integer[]`;
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('vdn')
      .columns(['source', 'vdn_id'])
      .expression(sql`select ${source}::text, unnest(${ids})`)
      .onConflict((conflict) =>
        conflict
          .columns(['source', 'vdn_id'])
          .doUpdateSet({ configured: true })
          .where('vdn.configured', '=', false),
      )
      .execute();
    await trx
      .updateTable('vdn')
      .set({ configured: false })
      .where('source', '=', source)
      .where('configured', '=', true)
      .where('vdn_id', '<>', sql<number>`all(${ids})`)
      .execute();
    await trx
      .deleteFrom('held_change')
      .where('source', '=', source)
      .where('vdn_id', '<>', sql<number>`all(${ids})`)
      .execute();
  });
}

/**
 * The states of the given VDNs, in the order asked for; a VDN without a row is one that was never verified.
 *
 * @param maxAgeMs how long ago a verification may lie to count as fresh; undefined: nothing is fresh
 */
export async function loadVdnStates(
  db: Kysely<Database>,
  source: string,
  vdnIds: readonly number[],
  maxAgeMs: number | undefined,
): Promise<VdnState[]> {
  const rows = await db
    .selectFrom('vdn')
    .leftJoin('held_change as held', (join) =>
      join.onRef('held.source', '=', 'vdn.source').onRef('held.vdn_id', '=', 'vdn.vdn_id'),
    )
    .where('vdn.source', '=', source)
    .select((eb) => [
      'vdn.vdn_id as vdnId',
      instantText(eb.ref('last_verified_at')).as('lastVerifiedAt'),
      sql<boolean>`held.plan is null
        and coalesce(last_verified_at > clock_timestamp() - ${maxAgeMs ?? 0} * interval '1 millisecond', false)`.as(
        'fresh',
      ),
    ])
    .execute();
  const known = new Map(rows.map((row) => [row.vdnId, row]));
  return vdnIds.map((vdnId) => {
    const row = known.get(vdnId) ?? { vdnId, lastVerifiedAt: null, fresh: false };
    return { ...row, fresh: row.fresh && maxAgeMs !== undefined };
  });
}
