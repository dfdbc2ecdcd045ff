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
  const rows = await heldByPlan(db)
    .select([sql<Date>`min(held_since)`.as('heldSince'), sql<number>`min(run_id)`.as('runId')])
    .orderBy('heldSince')
    .orderBy('plan')
    .execute();
  const sources = [...Map.groupBy(rows, ({ source }) => source)].map(([source, plans]) =>
    ofSource(source, plans),
  );
  return { plans: await withDifferences(db, rows.slice(0, most)), total: rows.length, sources };
}

/** A row for each plan that is held in configured VDNs of a source. */
export function heldByPlan(db: Kysely<Database>) {
  return db
    .selectFrom('held_change')
    .innerJoin('vdn', (join) =>
      join.onRef('vdn.source', '=', 'held_change.source').onRef('vdn.vdn_id', '=', 'held_change.vdn_id'),
    )
    .where('configured', '=', true)
    .groupBy(['held_change.source', 'plan'])
    .select([
      'held_change.source',
      'plan',
      sql<number[]>`array_agg(held_change.vdn_id order by held_change.vdn_id)`.as('vdnIds'),
      sql<string>`mode() within group (order by reason)`.as('reason'),
    ]);
}

/** One plan is one difference, so that of its first VDN is enough. */
async function withDifferences(
  db: Kysely<Database>,
  plans: readonly Omit<HeldEntry, 'difference'>[],
): Promise<HeldEntry[]> {
  if (plans.length === 0) return [];
  const rows = await db
    .selectFrom(
      sql<{ source: string; vdn_id: number; place: string }>`
        unnest(${plans.map(({ source }) => source)}::text[], ${plans.map(({ vdnIds }) => vdnIds[0])}::integer[])
        with ordinality`.as<'asked'>(sql`asked (source, vdn_id, place)`),
    )
    .innerJoin('held_change', (join) =>
      join.onRef('held_change.source', '=', 'asked.source').onRef('held_change.vdn_id', '=', 'asked.vdn_id'),
    )
    .select(sql<Change[]>`difference`.as('difference'))
    .orderBy('place')
    .execute();
  return plans.map((plan, index) => ({ ...plan, difference: rows[index]?.difference ?? [] }));
}

function ofSource(source: string, plans: readonly Pick<HeldEntry, 'plan' | 'vdnIds'>[]): HeldSource {
  const held = plans.flatMap(({ plan, vdnIds }) => vdnIds.map((vdnId) => ({ vdnId, plan })));
  return { source, vdns: held.length, plans: plans.length, plan: planOfAll(source, held) };
}
