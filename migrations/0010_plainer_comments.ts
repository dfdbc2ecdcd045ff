import { type Kysely, sql } from 'kysely';

/** Comments of earlier migrations that were hard to read, in plain words. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`comment on table sync_run_vdn is ${sql.lit(runVdn)}`.execute(db);
  await sql`comment on view source_status is ${sql.lit(sourceStatus)}`.execute(db);
  for (const [column, text] of Object.entries(columns)) {
    await sql`comment on column ${sql.ref(column)} is ${sql.lit(text)}`.execute(db);
  }
}

const runVdn = 'What a run did in one VDN: changed, failed, held or skipped. Unchanged VDNs have no row.';
const sourceStatus =
  'One row for each source, for the footer of a report: whether its codes can be trusted, and why not.';
const lastAttempt = 'When it was last tried, successfully or not.';
const codesChanged = 'Codes whose description changed.';

const columns: Readonly<Record<string, string>> = {
  'result_code.changed_at':
    'When this row last changed: code added, description changed, code removed or returned.',
  'active_result_code.changed_at': 'When the code was last added, changed or returned.',
  'vdn.last_attempt_at': lastAttempt,
  'freshness.last_attempt_at': lastAttempt,
  'vdn.last_outcome':
    'Outcome of the last attempt: unchanged, changed, failed, or held (a suspicious change waits for approval).',
  'freshness.last_outcome': 'Outcome of the last attempt: unchanged, changed, failed or held.',
  'vdn.failing_since': 'When the failures began that have not ended yet; null while it is not failing.',
  'sync_run.vdns_fresh': 'VDNs that were not read, because they had been verified recently enough.',
  'sync_run.codes_changed': codesChanged,
  'sync_run_vdn.codes_changed': codesChanged,
  'sync_run_vdn.approved': 'Whether the change was stored because a person had approved it.',
};
