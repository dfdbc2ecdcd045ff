import { type Kysely, sql } from 'kysely';
import type { SourceConfig } from '../config/schema.ts';
import type { SourceState } from '../observe/metrics.ts';
import type { Database } from '../store/tables.ts';

/**
 * How each configured source stands; one that no run has seen yet is stale as a whole. A verification in the future,
 * by a clock that was wrong, is stale, and no age.
 */
export async function sourceStates(
  db: Kysely<Database>,
  sources: readonly Pick<SourceConfig, 'name' | 'vdns'>[],
): Promise<SourceState[]> {
  const names = sources.map(({ name }) => name);
  const count = (condition: ReturnType<typeof sql>) =>
    sql<number>`(count(*) filter (where ${condition}))::integer`;
  const rows = await db
    .selectFrom('freshness')
    .leftJoin('source', 'source.source', 'freshness.source')
    .where('freshness.source', 'in', names)
    .groupBy(['freshness.source', 'source.stale_after'])
    .select([
      'freshness.source',
      sql<number | null>`extract(epoch from stale_after)::double precision`.as('staleAfterSeconds'),
      sql<number | null>`max(age_seconds) filter (where age_seconds >= 0)`.as('oldestAgeSeconds'),
      sql<number | null>`min(age_seconds) filter (where age_seconds >= 0)`.as('newestAgeSeconds'),
      count(sql`true`).as('configured'),
      count(sql`is_stale`).as('stale'),
      count(sql`is_failing`).as('failing'),
      count(sql`is_held`).as('held'),
      sql<number | null>`extract(epoch from clock_timestamp() - min(held_since))::double precision`.as(
        'heldForSeconds',
      ),
    ])
    .execute();
  const known = new Map(rows.map((row) => [row.source, row]));
  return sources.map(
    ({ name, vdns }) =>
      known.get(name) ?? {
        source: name,
        ...{ oldestAgeSeconds: null, newestAgeSeconds: null, staleAfterSeconds: null, heldForSeconds: null },
        ...{ configured: vdns.length, stale: vdns.length, failing: 0, held: 0 },
      },
  );
}
