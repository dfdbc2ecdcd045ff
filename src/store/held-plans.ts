import { type Kysely, sql } from 'kysely';
import { type Change, planOfAll } from '../domain/diff.ts';
import type { Database } from './tables.ts';

/** One difference that is held, in all configured VDNs of the source that have it. */
export interface HeldEntry {
  readonly plan: string;
  readonly source: string;
  readonly vdnIds: readonly number[];
  /** The longest that one of them has been held. */
  readonly heldSince: Date;
  /** The run that began to hold it. */
  readonly runId: number;
  /** One sentence with its figures; the commonest where VDNs with the same difference differ in theirs. */
  readonly reason: string;
  readonly difference: readonly Change[];
}

/** All that a source has held, as one decision. */
export interface HeldSource {
  readonly source: string;
  /** How many VDNs it concerns. */
  readonly vdns: number;
  /** How many different plans. */
  readonly plans: number;
  /** The plan of all of them. */
  readonly plan: string;
}

export interface HeldPlans {
  /** Those that are held longest. */
  readonly plans: readonly HeldEntry[];
  /** How many there are in all. */
  readonly total: number;
}

export interface Held extends HeldPlans {
  readonly sources: readonly HeldSource[];
}

/**
 * What is held in configured VDNs, held longest first.
 *
 * @param most most plans with their differences: when a server answers only empty lists, all differences of all VDNs
 *   are too many for a page
 */
export async function heldPlans(db: Kysely<Database>, most = Number.MAX_SAFE_INTEGER): Promise<Held> {
  const rows = await db
    .with('held', (cte) =>
      cte
        .selectFrom('freshness')
        .innerJoin('held_change', (join) =>
          join
            .onRef('held_change.source', '=', 'freshness.source')
            .onRef('held_change.vdn_id', '=', 'freshness.vdn_id'),
        )
        .groupBy(['held_change.source', 'held_change.plan'])
        .select([
          'held_change.source',
          'held_change.plan',
          sql<number[]>`array_agg(held_change.vdn_id order by held_change.vdn_id)`.as('vdnIds'),
          sql<Date>`min(held_change.held_since)`.as('heldSince'),
          sql<number>`min(held_change.run_id)`.as('runId'),
          sql<string>`mode() within group (order by held_change.reason)`.as('reason'),
          sql<string>`row_number() over (order by min(held_change.held_since), held_change.plan)`.as('place'),
        ]),
    )
    .selectFrom('held')
    .innerJoin('held_change', (join) =>
      join
        .onRef('held_change.source', '=', 'held.source')
        // One plan is one difference, so the first VDN's is enough.
        .on('held_change.vdn_id', '=', sql<number>`held."vdnIds"[1]`),
    )
    .select(['held.source', 'held.plan', 'held.vdnIds', 'held.heldSince', 'held.runId', 'held.reason'])
    .select(sql<Change[]>`case when place <= ${most} then difference end`.as('difference'))
    .orderBy('held.place')
    .execute();
  const sources = [...Map.groupBy(rows, ({ source }) => source)].map(([source, plans]) =>
    ofSource(source, plans),
  );
  return { plans: rows.slice(0, most), total: rows.length, sources };
}

function ofSource(source: string, plans: readonly Pick<HeldEntry, 'plan' | 'vdnIds'>[]): HeldSource {
  const held = plans.flatMap(({ plan, vdnIds }) => vdnIds.map((vdnId) => ({ vdnId, plan })));
  return { source, vdns: held.length, plans: plans.length, plan: planOfAll(source, held) };
}
