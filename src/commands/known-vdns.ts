import type { Kysely } from 'kysely';
import { FatalError } from '../errors.ts';
import { knownVdns } from '../store/change-feed.ts';
import type { Database } from '../store/tables.ts';

interface Asked {
  readonly source?: string | undefined;
  readonly vdnIds?: readonly number[] | undefined;
}

/**
 * A mistyped source or VDN must not look like one without data.
 *
 * @throws FatalError `usage`
 */
export async function refuseUnknown(db: Kysely<Database>, { source, vdnIds = [] }: Asked): Promise<void> {
  const known = await knownVdns(db, source);
  if (source !== undefined && known.length === 0) {
    const names = new Set((await knownVdns(db, undefined)).map((vdn) => vdn.source));
    throw new FatalError(
      'usage',
      `The database has no source ${source}; it has ${[...names].join(', ') || 'none'}.`,
    );
  }
  const unknown = vdnIds.filter((vdnId) => !known.some((vdn) => vdn.vdnId === vdnId));
  if (unknown.length > 0) {
    throw new FatalError(
      'usage',
      `The database has no VDN ${unknown.join(', ')}${source ? ` of ${source}` : ''}.`,
    );
  }
}
