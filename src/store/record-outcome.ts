import { ConnectionLostError, DatabaseBusyError, DatabaseError, VdnError } from '../errors.ts';
import { batched } from './batch.ts';
import type { OpenDatabase } from './database.ts';
import { sqlState } from './database-error.ts';
import type { Reconnect } from './reconnect.ts';
import type { RunLock } from './run-lock.ts';
import type { StorableText } from './storable-text.ts';
import { type OutcomeRecord, type Written, writeOutcomes } from './write-outcomes.ts';

/** The run that writes; a dry run has none, and so cannot write. */
export interface WritingRun {
  readonly runId: number;
  readonly lock: RunLock;
  readonly text: StorableText;
}

/** The most changes in one transaction; more would use memory and locks without being faster. */
const mostRowsWritten = 20_000;

/** From here on the database is busy for longer with the rows than with the statements around them. */
const rowsForSecond = 200;

/**
 * Writes all outcomes. Outcomes that come at about the same time share a transaction. If it fails, each of them is
 * written, and fails, alone.
 *
 * @returns writes one outcome. It throws VdnError where it could not be written, FatalError `locked` where another run
 *   has the source's lock, `database-unreachable` where the database stays away
 */
export function outcomeRecorder(
  { db }: OpenDatabase,
  { runId, lock, text }: WritingRun,
  reconnect: Reconnect,
): (record: OutcomeRecord) => Promise<void> {
  const write = (records: readonly OutcomeRecord[], waitForRows: boolean) =>
    lock.guarded(() => writeOutcomes(db, records, { runId, holdsLocks: lock.isHeld, waitForRows }));

  const together = batched((records: readonly OutcomeRecord[]) => write(records, false), {
    rowsOf: (record) => 1 + ('difference' in record ? record.difference.changes.length : 0),
    mostRows: mostRowsWritten,
    rowsForSecond,
  });
  const alone = batched(
    ([record]: readonly OutcomeRecord[]) =>
      reconnect.retry(() => write(record ? [record] : [], true).catch(refusal)),
    { rowsOf: () => 1, mostRows: 1 },
  );

  /**
   * Written alone, the row is locked before its state is read: a commit whose answer was lost may still be under way.
   */
  async function writtenAlone(record: OutcomeRecord): Promise<Written> {
    try {
      return await alone(record);
    } catch (error) {
      throw error instanceof DatabaseError ? notWritten(error, text.encoding) : error;
    }
  }

  return async (record) => {
    const storable = withStorableMessages(record, text);
    let written: Written;
    try {
      written = await together(storable);
    } catch (error) {
      if (!(error instanceof DatabaseError || error instanceof VdnError)) throw error;
      if (error instanceof ConnectionLostError) await reconnect.whenWritable();
      written = 'locked';
    }
    if (written === 'locked') written = await writtenAlone(storable);
    if (written instanceof VdnError) throw written;
  };
}

/** A row or table that another session keeps locked is this VDN's failure: it must not hold up the run. */
function refusal(error: unknown): never {
  const state = error instanceof DatabaseBusyError ? error.sqlState : undefined;
  if (
    error instanceof DatabaseBusyError &&
    (state === sqlState.lockNotAvailable || state === sqlState.queryCanceled)
  )
    throw new DatabaseError(
      `${error.message}; another session keeps these rows locked, pg_stat_activity shows it`,
      state,
      {
        cause: error,
      },
    );
  throw error;
}

/** SQLSTATEs of text that the database's encoding cannot hold. */
const unstorable: readonly (string | undefined)[] = ['22P05', '22021'];

function notWritten(error: DatabaseError, encoding: string): VdnError {
  if (unstorable.includes(error.sqlState)) {
    return new VdnError(
      'bad-row',
      `the list has a text that the database's encoding ${encoding} cannot hold: ${error.message}. Nothing of this VDN was ` +
        'written. Use a database with the encoding UTF8.',
      { cause: error },
    );
  }
  return new VdnError(
    'database',
    `the write failed: ${error.message}. Nothing of this VDN was written; the next run tries it again.`,
    { cause: error },
  );
}

function withStorableMessages(record: OutcomeRecord, text: StorableText): OutcomeRecord {
  if (record.outcome === 'held') return { ...record, reason: text.message(record.reason) };
  if (record.outcome !== 'failed') return record;
  const { code, message } = record.error;
  return { ...record, error: new VdnError(code, text.message(message)) };
}
