import { type Kysely, sql, type Transaction } from 'kysely';
import { sqlState, sqlStateOf } from './database-error.ts';
import { instantText } from './instant.ts';
import type { Database } from './tables.ts';

/** What is known about a VDN before it is read. */
export interface VdnState {
  readonly vdnId: number;
  /** As text, to the microsecond; a write refuses where it is no longer this. Null: never verified. */
  readonly lastVerifiedAt: string | null;
  /** Verified within the requested age, and not held: a held VDN must be read, so that an approval can apply. */
  readonly fresh: boolean;
  /** Active codes, as its row has it. */
  readonly codeCount: number;
  readonly failedLastTime: boolean;
  /** What was held of it when the run began. */
  readonly held: HeldState | undefined;
}

export interface HeldState {
  readonly plan: string;
  readonly reason: string;
}

/** A source as a run finds it configured. */
export interface ConfiguredSource {
  readonly name: string;
  /** Host and port. */
  readonly server: string;
  readonly locale: string | null;
  /** All VDNs that the configuration has for it, also those that this run does not work on. */
  readonly vdnIds: readonly number[];
}

/** How a source differs from the one that the last run found under its name. */
export interface SourceNews {
  /** VDNs that have left the configuration since. */
  readonly unconfigured: readonly number[];
  /** Undefined where nothing was known of the source. */
  readonly before: { readonly server: string | null; readonly locale: string | null } | undefined;
}

/** @param marksUnconfigured false for a run over a part of the VDNs or sources, which need not know them all */
export async function sourceNews(
  db: Kysely<Database>,
  { name, vdnIds }: ConfiguredSource,
  marksUnconfigured: boolean,
): Promise<SourceNews> {
  const before = await db
    .selectFrom('source')
    .where('source', '=', name)
    .select(['server', 'locale'])
    .executeTakeFirst();
  if (!marksUnconfigured) return { unconfigured: [], before };
  const gone = await db
    .selectFrom('vdn')
    .where('source', '=', name)
    .where('configured', '=', true)
    .where('vdn_id', '<>', sql<number>`all(${[...vdnIds]}::integer[])`)
    .select('vdn_id')
    .orderBy('vdn_id')
    .execute();
  return { unconfigured: gone.map(({ vdn_id }) => vdn_id), before };
}

/**
 * Waits for sessions that are changing rows of the source's VDNs, no longer than for any lock. Otherwise a killed run
 * could still commit after the states are read, and its VDNs would be refused as stale. A row that stays locked fails
 * its VDN later, not the run.
 */
export async function waitForWriters(db: Kysely<Database>, { name }: ConfiguredSource): Promise<void> {
  try {
    await sql`select from vdn where source = ${name} order by vdn_id for no key update`.execute(db);
  } catch (error) {
    const state = sqlStateOf(error);
    if (state !== sqlState.lockNotAvailable && state !== sqlState.queryCanceled) throw error;
  }
}

/**
 * Makes sure that each configured VDN of a source has its row, and marks those that have left the configuration: their
 * codes stay, their held changes do not. Writes and locks only rows that must change.
 */
export async function prepareVdns(
  trx: Transaction<Database>,
  { name, vdnIds }: ConfiguredSource,
  unconfigured: readonly number[],
): Promise<void> {
  await trx
    .insertInto('vdn')
    .columns(['source', 'vdn_id'])
    .expression(sql`select ${name}::text, unnest(${[...vdnIds]}::integer[])`)
    .onConflict((conflict) => conflict.columns(['source', 'vdn_id']).doNothing())
    .execute();
  await trx
    .updateTable('vdn')
    .set({ configured: true })
    .where('source', '=', name)
    .where('vdn_id', '=', sql<number>`any(${[...vdnIds]}::integer[])`)
    .where('configured', '=', false)
    .execute();
  if (unconfigured.length === 0) return;
  const ids = sql<number>`any(${[...unconfigured]}::integer[])`;
  await trx
    .updateTable('vdn')
    .set({ configured: false })
    .where('source', '=', name)
    .where('vdn_id', '=', ids)
    .execute();
  await trx.deleteFrom('held_change').where('source', '=', name).where('vdn_id', '=', ids).execute();
}

/** Keeps what the source is configured with, for reports, alerts and the next run. */
export async function rememberSource(
  trx: Transaction<Database>,
  { name, server, locale }: ConfiguredSource,
  staleAfterMs: number,
  runId: number,
): Promise<void> {
  const row = { server, locale, stale_after: `${staleAfterMs} milliseconds`, last_run_id: runId };
  await trx
    .insertInto('source')
    .values({ source: name, ...row })
    .onConflict((conflict) => conflict.column('source').doUpdateSet(row))
    .execute();
}

/**
 * The states of all VDNs of a source that have a row.
 *
 * @param maxAgeMs how long ago a verification may lie to count as fresh; undefined: nothing is fresh. A verification
 *   in the future is not fresh: otherwise a clock that was ahead for one night would make every VDN fresh for as long
 *   as it was ahead.
 */
export async function loadVdnStates(
  db: Kysely<Database>,
  source: string,
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
      'code_count as codeCount',
      sql<boolean>`failing_since is not null`.as('failedLastTime'),
      'held.plan',
      'held.reason',
      sql<boolean>`held.plan is null and coalesce(last_verified_at <= clock_timestamp()
        and last_verified_at > clock_timestamp() - ${maxAgeMs ?? 0} * interval '1 millisecond', false)`.as(
        'recent',
      ),
    ])
    .execute();
  return rows.map(({ plan, reason, recent, ...row }) => ({
    ...row,
    fresh: recent && maxAgeMs !== undefined,
    held: plan === null || reason === null ? undefined : { plan, reason },
  }));
}

/** A VDN without a row: it was never read. */
export function unknownVdn(vdnId: number): VdnState {
  return {
    ...{ vdnId, lastVerifiedAt: null, fresh: false, codeCount: 0 },
    ...{ failedLastTime: false, held: undefined },
  };
}
