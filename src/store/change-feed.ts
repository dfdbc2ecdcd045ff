import { type Kysely, sql } from 'kysely';
import type { Change } from '../domain/diff.ts';
import type { Database } from './tables.ts';

/** The last milliseconds, or everything since a time. */
export type Since = number | Date;

/** Which changes to tell of. */
export interface ChangeFilter {
  readonly since: Since;
  /** Only those of this source; undefined: of all. */
  readonly source?: string | undefined;
  /** Only those of these VDNs; undefined: of all. */
  readonly vdnIds?: readonly number[] | undefined;
}

/** A change as it was stored. */
export interface CodeChange extends Change {
  readonly changedAt: Date;
  readonly source: string;
  readonly vdnId: number;
  readonly runId: number;
}

/** A VDN that was read for the first time; it is listed as a whole, not code by code. */
export interface FirstList {
  readonly changedAt: Date;
  readonly source: string;
  readonly vdnId: number;
  readonly codes: number;
}

/** The changes, oldest first, without those that belong to a VDN's first list. */
export async function codeChanges(db: Kysely<Database>, filter: ChangeFilter): Promise<CodeChange[]> {
  return await matching(db, filter)
    .where('kind', '<>', 'initial')
    .select((eb) => [
      'changed_at as changedAt',
      'source',
      'vdn_id as vdnId',
      eb.ref('kind').$castTo<Change['kind']>().as('kind'),
      'obs_code as obsCode',
      'old_desc as before',
      'new_desc as after',
      'run_id as runId',
    ])
    .orderBy('changed_at')
    .orderBy('source')
    .orderBy('vdn_id')
    .orderBy(sql`obs_code collate "C"`)
    .execute();
}

/** The VDNs that were stored for the first time, oldest first. An empty first list changes nothing: it is not here. */
export async function firstLists(db: Kysely<Database>, filter: ChangeFilter): Promise<FirstList[]> {
  return await matching(db, filter)
    .where('kind', '=', 'initial')
    .groupBy(['changed_at', 'source', 'vdn_id'])
    .select([
      'changed_at as changedAt',
      'source',
      'vdn_id as vdnId',
      sql<number>`count(*)::integer`.as('codes'),
    ])
    .orderBy('changed_at')
    .orderBy('source')
    .orderBy('vdn_id')
    .execute();
}

/** The VDNs that were ever configured, of one source or of all, in order. */
export async function knownVdns(
  db: Kysely<Database>,
  source: string | undefined,
): Promise<{ readonly source: string; readonly vdnId: number }[]> {
  const query = db
    .selectFrom('vdn')
    .select(['source', 'vdn_id as vdnId'])
    .orderBy('source')
    .orderBy('vdn_id');
  return await (source === undefined ? query : query.where('source', '=', source)).execute();
}

function matching(db: Kysely<Database>, { since, source, vdnIds }: ChangeFilter) {
  const earliest = since instanceof Date ? since : sql<Date>`now() - ${since} * interval '1 millisecond'`;
  let query = db.selectFrom('code_change').where('changed_at', '>=', earliest);
  if (source !== undefined) query = query.where('source', '=', source);
  if (vdnIds !== undefined) query = query.where('vdn_id', 'in', vdnIds);
  return query;
}
