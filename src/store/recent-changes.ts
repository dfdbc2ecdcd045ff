import { type Kysely, sql } from 'kysely';
import type { RunEntry } from './status.ts';
import type { CodeChangeKind, Database } from './tables.ts';

/** A change that one run made, in all VDNs of a source that had it. */
export interface RecentChange {
  readonly runId: number;
  readonly source: string;
  readonly vdnIds: readonly number[];
  readonly kind: CodeChangeKind;
  /** Null for `initial`: a VDN's first list is news as a whole, not code by code. */
  readonly obsCode: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** How many codes; more than there are VDNs for `initial` only. */
  readonly codes: number;
}

export interface RecentChanges {
  /** By run, newest first, then by source and code. */
  readonly changes: readonly RecentChange[];
  /** How many further changes these runs made. */
  readonly leftOut: number;
  /** Runs that changed too many codes to be listed, and the runs before them; newest first. */
  readonly runsNotListed: readonly RunEntry[];
}

/** Looking up that many takes some 100 ms. A code that changes in every VDN of a server at once still fits. */
const mostLookedUp = 10_000;
const mostListed = 60;

/**
 * What the given runs changed, the newest runs first, as far as it can be looked up while a reader waits.
 *
 * @param runs newest first; runs under way are left out
 */
export async function recentChanges(db: Kysely<Database>, runs: readonly RunEntry[]): Promise<RecentChanges> {
  const { listed, notListed } = split(runs);
  const earliest = listed.at(-1);
  if (earliest === undefined) return { changes: [], leftOut: 0, runsNotListed: notListed };
  const runIds = listed.map(({ runId }) => runId);
  const since = listed.reduce(
    (first, { startedAt }) => (startedAt < first ? startedAt : first),
    earliest.startedAt,
  );
  const unlessInitial = (column: 'obs_code' | 'old_desc' | 'new_desc') =>
    sql<string | null>`case when kind <> 'initial' then ${sql.ref(column)} end`;
  const rows = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('code_change')
        // The time uses the index; the run excludes what other runs changed meanwhile.
        .where('changed_at', '>=', since)
        .where('run_id', 'in', runIds)
        .select([
          'run_id as runId',
          'source',
          'vdn_id as vdnId',
          'kind',
          unlessInitial('obs_code').as('obsCode'),
          unlessInitial('old_desc').as('before'),
          unlessInitial('new_desc').as('after'),
        ])
        .as('change'),
    )
    .groupBy(['runId', 'source', 'kind', 'obsCode', 'before', 'after'])
    .select([
      'runId',
      'source',
      'kind',
      'obsCode',
      'before',
      'after',
      sql<number[]>`array_agg(distinct "vdnId")`.as('vdnIds'),
      sql<number>`count(*)::integer`.as('codes'),
      sql<number>`(count(*) over ())::integer`.as('groups'),
    ])
    .orderBy('runId', 'desc')
    .orderBy('source')
    .orderBy(sql`"obsCode" collate "C"`)
    .limit(mostListed)
    .execute();
  const groups = rows[0]?.groups ?? 0;
  return {
    changes: rows.map(({ groups: _, ...change }) => change),
    leftOut: groups - rows.length,
    runsNotListed: notListed,
  };
}

function split(runs: readonly RunEntry[]): { listed: RunEntry[]; notListed: RunEntry[] } {
  const changing = runs.filter(({ codes }) => changesOf(codes) > 0);
  let total = 0;
  const tooMany = changing.findIndex(({ codes }) => {
    total += changesOf(codes);
    return total > mostLookedUp;
  });
  if (tooMany === -1) return { listed: changing, notListed: [] };
  return { listed: changing.slice(0, tooMany), notListed: changing.slice(tooMany) };
}

function changesOf({ added, changed, removed, returned }: RunEntry['codes']): number {
  return added + changed + removed + returned;
}
