import { type Kysely, sql } from 'kysely';
import {
  type Change,
  type CodeList,
  type Difference,
  diff,
  type StoredCode,
  sameChanges,
} from '../domain/diff.ts';
import { DatabaseError, VdnError } from '../errors.ts';
import { batched } from './batch.ts';
import type { OpenDatabase } from './database.ts';
import { contactError } from './database-error.ts';
import type { Reconnect } from './reconnect.ts';
import type { Database } from './tables.ts';
import { loadVdnStates, type VdnState } from './vdn-states.ts';

/** What a run reads of what is stored. */
export interface RunReader {
  /** @param maxAgeMs how long ago a verification may lie to count as fresh; undefined: nothing is */
  states(source: string, maxAgeMs: number | undefined): Promise<VdnState[]>;
  /** How a list differs from what is stored. */
  compare(source: string, vdnId: number, list: CodeList): Promise<Difference>;
  /** Whether exactly these changes are what is held of a VDN. */
  holds(source: string, vdnId: number, changes: readonly Change[]): Promise<boolean>;
}

/** Stored codes that are read in one statement: what is in memory at once, beside the lists that were read. */
const mostRowsCompared = 50_000;

/** The same for a dry run. */
export function runReader(database: OpenDatabase, reconnect: Reconnect): RunReader {
  const { db } = database;
  /** Active codes by the row of `vdn`: how much there is to read. */
  const codeCounts = new Map<string, number>();
  const readCodes = batched((vdns: readonly VdnKey[]) => reconnect.retry(() => storedCodes(db, vdns)), {
    rowsOf: (vdn: VdnKey) => 1 + (codeCounts.get(keyOf(vdn)) ?? 0),
    mostRows: mostRowsCompared,
  });
  return {
    async states(source, maxAgeMs) {
      const states = await reconnect
        .retry(() => loadVdnStates(db, source, maxAgeMs))
        .catch((error: unknown) => {
          throw contactError(error, database.where);
        });
      for (const { vdnId, codeCount } of states) codeCounts.set(keyOf({ source, vdnId }), codeCount);
      return states;
    },
    compare: async (source, vdnId, list) =>
      diff(await orVdnError('the stored codes cannot be read', () => readCodes({ source, vdnId })), list),
    holds: (source, vdnId, changes) =>
      orVdnError('what is held cannot be read', async () => {
        const held = await reconnect.retry(() =>
          db
            .selectFrom('held_change')
            .where('source', '=', source)
            .where('vdn_id', '=', vdnId)
            .select(sql<Change[]>`difference`.as('changes'))
            .executeTakeFirst(),
        );
        return held !== undefined && sameChanges(held.changes, changes);
      }),
  };
}

interface VdnKey {
  readonly source: string;
  readonly vdnId: number;
}

function keyOf({ source, vdnId }: VdnKey): string {
  return `${vdnId} ${source}`;
}

/** For work on one VDN: a database error fails this VDN. */
async function orVdnError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new VdnError(
      'database',
      `${what}: ${error.message}. Nothing of this VDN was written; the next run tries it again.`,
      {
        cause: error,
      },
    );
  }
}

/** All codes that are stored of each of these VDNs, removed ones included, in the order asked for. */
export async function storedCodes(
  db: Kysely<Database>,
  vdns: readonly { readonly source: string; readonly vdnId: number }[],
): Promise<StoredCode[][]> {
  // As arrays: a driver takes its time for each value of each row, and JSON comes in one piece.
  const { rows } = await sql<StoredLists>`
    select asked.nth::integer as nth, json_agg(c.obs_code) as "obsCodes", json_agg(c.obs_code_desc) as descriptions,
      json_agg(c.removed_at is not null) as removed
    from unnest(${vdns.map(({ source }) => source)}::text[], ${vdns.map(({ vdnId }) => vdnId)}::integer[])
      with ordinality as asked (source, vdn_id, nth)
    join result_code as c on c.source = asked.source and c.vdn_id = asked.vdn_id
    group by asked.nth`.execute(db);
  const codes = vdns.map((): StoredCode[] => []);
  for (const { nth, obsCodes, descriptions, removed } of rows) {
    codes[nth - 1] = obsCodes.map((obsCode, index) => ({
      obsCode,
      obsCodeDesc: descriptions[index] ?? null,
      removed: removed[index] === true,
    }));
  }
  return codes;
}

/** What is stored of the VDN that was asked for as the `nth`. */
interface StoredLists {
  readonly nth: number;
  readonly obsCodes: readonly string[];
  readonly descriptions: readonly (string | null)[];
  readonly removed: readonly boolean[];
}
