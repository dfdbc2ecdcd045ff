import { sql, type Transaction } from 'kysely';
import { VdnError } from '../errors.ts';
import { instantText } from './instant.ts';
import type { VdnWrite } from './outcomes.ts';
import { LockLostError } from './run-lock.ts';
import type { Database } from './tables.ts';

/**
 * Locks a VDN's row for the rest of the transaction, and makes sure that the list that was read may be written.
 *
 * @throws VdnError `stale-snapshot` where the VDN was verified since it was read
 * @throws LockLostError where the run does not hold its source's lock
 */
export async function lockVdn(
  trx: Transaction<Database>,
  { source, vdnId, state, lock }: VdnWrite,
): Promise<void> {
  const row = await trx
    .selectFrom('vdn')
    .where('source', '=', source)
    .where('vdn_id', '=', vdnId)
    .select((eb) => [
      instantText(eb.ref('last_verified_at')).as('lastVerifiedAt'),
      sql<boolean>`${lock.isHeld(source)}`.as('locked'),
    ])
    .forUpdate()
    .executeTakeFirst();
  if (row?.locked === false) throw new LockLostError();
  if (row?.lastVerifiedAt !== state.lastVerifiedAt) throw staleVerification();
}

/** Somebody else has read and verified the VDN meanwhile; what they found may be newer. */
function staleVerification(): VdnError {
  return new VdnError(
    'stale-snapshot',
    'the VDN was verified by another run since this one read it. Nothing was written; what the other run wrote stands.',
  );
}
