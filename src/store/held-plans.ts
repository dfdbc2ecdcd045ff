import { type Kysely, sql } from 'kysely';
import type { HeldEntry } from './status.ts';
import type { Database } from './tables.ts';

export interface HeldPlans {
  /** Those that are held longest. */
  readonly plans: readonly HeldEntry[];
  /** How many there are in all. */
  readonly total: number;
}

/**
 * What is held, as far as somebody can look through it. On the night on which a server answers nothing but empty
 * lists, all differences of all VDNs are more than a page can wait for.
 */
export async function longestHeldPlans(db: Kysely<Database>, most: number): Promise<HeldPlans> {
  const rows = await db
    .with('held', (cte) =>
      cte
        .selectFrom('freshness')
        .where('is_held', '=', true)
        .groupBy(['source', 'plan'])
        .select([
          'source',
          sql<string>`plan`.as('plan'),
          sql<number[]>`array_agg(vdn_id order by vdn_id)`.as('vdnIds'),
          sql<Date>`min(held_since)`.as('heldSince'),
          sql<number>`(count(*) over ())::integer`.as('total'),
        ])
        .orderBy('heldSince')
        .orderBy('plan')
        .limit(most),
    )
    .selectFrom('held')
    .innerJoin('held_change', (join) =>
      join
        .onRef('held_change.source', '=', 'held.source')
        // One plan is one difference: the first VDN's will do.
        .on('held_change.vdn_id', '=', sql<number>`held."vdnIds"[1]`),
    )
    .select(['held.source', 'held.plan', 'held.vdnIds', 'held.heldSince', 'held.total'])
    .select(sql<HeldEntry['difference']>`held_change.difference`.as('difference'))
    .orderBy('held.heldSince')
    .orderBy('held.plan')
    .execute();
  return { plans: rows.map(({ total: _, ...entry }) => entry), total: rows[0]?.total ?? 0 };
}
