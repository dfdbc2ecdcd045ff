import { type Kysely, sql, type Transaction } from 'kysely';
import { type ChangeCounts, changeKinds } from '../domain/diff.ts';
import { type VdnCounts, vdnOutcomes } from '../domain/outcome.ts';
import type { ExitCode, VdnErrorCode } from '../errors.ts';
import { clock } from './instant.ts';
import type { RunLock } from './run-lock.ts';
import type { Database, RunStatus } from './tables.ts';

/** How a run came about. */
export interface RunOrigin {
  readonly trigger: 'cli' | 'schedule';
  /** The command's arguments as they were given; they hold no secrets. */
  readonly arguments: string;
  readonly shard: string | null;
  readonly version: string;
  readonly host: string;
}

export interface RunResult {
  readonly status: Exclude<RunStatus, 'running'>;
  readonly exitCode: ExitCode;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly vdns: VdnCounts & { readonly unconfigured: number };
  readonly codes: ChangeCounts;
  readonly requests: number;
  /** In milliseconds. */
  readonly durationMs: number;
}

/**
 * Closes the rows of dead runs, then opens the run's row.
 *
 * @returns the run's id
 */
export async function startRun(
  db: Kysely<Database>,
  lock: RunLock,
  origin: RunOrigin,
  { vdnsTotal, unconfigured }: { vdnsTotal: number; unconfigured: number },
  inTheSameTransaction: (trx: Transaction<Database>, runId: number) => Promise<void>,
): Promise<number> {
  await closeDeadRuns(db, lock);
  return lock.insertRun(async (trx) => {
    const { run_id } = await trx
      .insertInto('sync_run')
      .values({
        ...origin,
        status: 'running',
        ...{ vdns_total: vdnsTotal, vdns_skipped: vdnsTotal, vdns_unconfigured: unconfigured },
      })
      .returning('run_id')
      .executeTakeFirstOrThrow();
    await inTheSameTransaction(trx, run_id);
    return run_id;
  });
}

/**
 * Closes the run's row.
 *
 * @returns how long the run took by the database's clock, in milliseconds: what `status` shows of it. Undefined where the
 * row was deleted meanwhile
 */
export async function finishRun(
  db: Kysely<Database>,
  runId: number,
  result: RunResult,
): Promise<number | undefined> {
  const { vdns, codes } = result;
  const row = await db
    .updateTable('sync_run')
    .set({
      finished_at: clock,
      status: result.status,
      exit_code: result.exitCode,
      error_code: result.error?.code ?? null,
      error_message: result.error?.message ?? null,
      vdns_total: vdns.total,
      vdns_unconfigured: vdns.unconfigured,
      ...columnsOf('vdns', vdnOutcomes, vdns),
      ...columnsOf('codes', changeKinds, codes),
      requests: result.requests,
    })
    .where('run_id', '=', runId)
    .returning(['started_at', 'finished_at'])
    .executeTakeFirst();
  return row && Number(row.finished_at) - Number(row.started_at);
}

/** A column per outcome or kind of change. */
function columnsOf<Prefix extends string, Kind extends string>(
  prefix: Prefix,
  kinds: readonly Kind[],
  counts: Readonly<Record<Kind, number>>,
): Record<`${Prefix}_${Kind}`, number> {
  const entries = kinds.map((kind) => [`${prefix}_${kind}`, counts[kind]]);
  return Object.fromEntries(entries);
}

/** Counts VDNs of a run as fresh; until it ends, all others count as skipped. */
export async function countFresh(db: Kysely<Database>, runId: number, vdns: number): Promise<void> {
  await db
    .updateTable('sync_run')
    .set((eb) => ({ vdns_fresh: vdns, vdns_skipped: eb('vdns_total', '-', vdns) }))
    .where('run_id', '=', runId)
    .execute();
}

/** Writes a line for each VDN that was not tried, all in one statement. */
export async function recordSkipped(
  db: Kysely<Database>,
  runId: number,
  source: string,
  vdnIds: readonly number[],
  errorCode: VdnErrorCode,
  message: string,
): Promise<void> {
  await db
    .insertInto('sync_run_vdn')
    .columns(['run_id', 'source', 'vdn_id', 'outcome', 'duration_ms', 'error_code', 'error_message'])
    .expression(
      sql`select ${runId}::integer, ${source}::text, vdn_id, 'skipped', 0, ${errorCode}::text, ${message}::text
          from unnest(${[...vdnIds]}::integer[]) as listed (vdn_id)`,
    )
    // It may run twice, when the connection breaks during the first commit.
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * A run that is `running` while its lock is free died. Its row is closed as `interrupted`, with what it
 * finished counted from what it left: its lines in the log, and the VDNs that it was the last to verify.
 */
async function closeDeadRuns(db: Kysely<Database>, lock: RunLock): Promise<void> {
  const running = await db.selectFrom('sync_run').where('status', '=', 'running').select('run_id').execute();
  for (const runId of await lock.dead(running.map((row) => row.run_id))) await closeDeadRun(db, runId);
}

async function closeDeadRun(db: Kysely<Database>, runId: number): Promise<void> {
  const counted = await db
    .selectFrom('sync_run_vdn')
    .where('run_id', '=', runId)
    .select((eb) => {
      const number = (outcome: 'changed' | 'failed' | 'held') =>
        sql<number>`count(*) filter (where outcome = ${outcome})::integer`;
      const sum = (
        column: 'codes_added' | 'codes_changed' | 'codes_removed' | 'codes_returned' | 'requests',
      ) => sql<number>`coalesce(sum(${eb.ref(column)}), 0)::integer`;
      return [
        number('changed').as('vdns_changed'),
        number('failed').as('vdns_failed'),
        number('held').as('vdns_held'),
        sum('codes_added').as('codes_added'),
        sum('codes_changed').as('codes_changed'),
        sum('codes_removed').as('codes_removed'),
        sum('codes_returned').as('codes_returned'),
        sum('requests').as('requests'),
      ];
    })
    .executeTakeFirstOrThrow();
  const { unchanged } = await db
    .selectFrom('vdn')
    .where('last_run_id', '=', runId)
    .where('last_outcome', '=', 'unchanged')
    .select(sql<number>`count(*)::integer`.as('unchanged'))
    .executeTakeFirstOrThrow();
  const done = unchanged + counted.vdns_changed + counted.vdns_failed + counted.vdns_held;
  await db
    .updateTable('sync_run')
    .set((eb) => ({
      ...counted,
      status: 'interrupted',
      finished_at: clock,
      error_code: 'interrupted',
      error_message: 'the process ended without closing its run: it was killed, or its machine went down',
      vdns_unchanged: unchanged,
      vdns_skipped: sql<number>`${eb.ref('vdns_total')} - vdns_fresh - ${done}::integer`,
    }))
    .where('run_id', '=', runId)
    .where('status', '=', 'running')
    .execute();
}

/**
 * Deletes runs that started longer ago than this, with what they did in each VDN. It keeps the history, runs under way
 * and, for each VDN that is failing or held, the newest run that says why.
 *
 * @returns how many runs were deleted
 */
export async function prune(db: Kysely<Database>, runsOlderThanMs: number): Promise<number> {
  const { runs } = await db
    .with('explaining', (query) =>
      query
        .selectFrom('freshness')
        .innerJoin('sync_run_vdn', (join) =>
          join
            .onRef('sync_run_vdn.source', '=', 'freshness.source')
            .onRef('sync_run_vdn.vdn_id', '=', 'freshness.vdn_id'),
        )
        .where((where) => where.or([where('is_failing', '=', true), where('is_held', '=', true)]))
        .where('outcome', 'in', ['failed', 'held'])
        .groupBy(['freshness.source', 'freshness.vdn_id'])
        .select(({ fn }) => fn.max('sync_run_vdn.run_id').as('run_id')),
    )
    .with('old', (query) =>
      query
        .deleteFrom('sync_run')
        .where('started_at', '<', sql<Date>`now() - ${runsOlderThanMs} * interval '1 millisecond'`)
        .where('status', '<>', 'running')
        .where('run_id', 'not in', (explaining) => explaining.selectFrom('explaining').select('run_id'))
        .returning('run_id'),
    )
    .with('old_detail', (query) =>
      query.deleteFrom('sync_run_vdn').where('run_id', 'in', (old) => old.selectFrom('old').select('run_id')),
    )
    .selectFrom('old')
    .select(sql<number>`count(*)::integer`.as('runs'))
    .executeTakeFirstOrThrow();
  return runs;
}
