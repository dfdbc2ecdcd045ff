import { type Kysely, sql } from 'kysely';

/** What BI tools show beside the tables and their columns. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, { about, columns }] of Object.entries(comments)) {
    await sql`comment on table ${sql.ref(table)} is ${sql.lit(about)}`.execute(db);
    for (const [column, text] of Object.entries(columns)) {
      await sql`comment on column ${sql.ref(`${table}.${column}`)} is ${sql.lit(text)}`.execute(db);
    }
  }
}

const source = 'Name of the CC-iSales server the code list was read from, as it stands in the configuration.';
const vdnId = 'VDN (the tenant of the call centre) that the code list belongs to, 1 to 9999.';
const obsCode = 'OBS result code as the source sends it: text, leading zeros included. Join calls on it.';
const removedHere = 'How many codes disappeared from the lists.';

const comments: Readonly<Record<string, { about: string; columns: Readonly<Record<string, string>> }>> = {
  result_code: {
    about:
      'The OBS result codes of every VDN with their latest descriptions. Join calls on (source, vdn_id, obs_code). ' +
      'A code that the source dropped stays, with removed_at set, so that old calls still find it.',
    columns: {
      source,
      vdn_id: vdnId,
      obs_code: obsCode,
      obs_code_number:
        'The code as a number, for facts that lost the leading zeros; null where the code is not 1 to 18 digits. ' +
        'Not unique in a VDN: 605 and 00605 are one number. The view code_by_number is.',
      obs_code_desc: 'What the code means, as the source last sent it; null where it sent no text.',
      first_seen_at: 'When the code was first read in this VDN.',
      changed_at: 'When this row last changed: code added, described anew, removed or returned.',
      removed_at: 'Since when the code is gone from the source; null while it is active.',
    },
  },
  result_code_history: {
    about:
      'Every version that a code of a VDN ever had, never deleted. For joining by the time of a call use the view ' +
      'result_code_period, which has no gaps.',
    columns: {
      source,
      vdn_id: vdnId,
      obs_code: obsCode,
      valid_from: 'From when this version held, that instant included.',
      obs_code_desc: 'What the code meant in this version; null where the source sent no text.',
      valid_to: 'Until when it held, that instant excluded; null for the current version.',
      opened_run_id: 'The run that found this version.',
      closed_run_id: 'The run that found it changed or removed; null for the current version.',
    },
  },
  vdn: {
    about:
      'Every VDN ever configured, and how reading it went last. The view freshness shows the configured ones.',
    columns: {
      source,
      vdn_id: vdnId,
      configured: 'Whether the VDN was still configured when its source was last synchronised.',
      code_count: 'Active codes of the VDN.',
      first_verified_at: 'When its list was first stored; null where that never succeeded.',
      last_verified_at:
        'When its list was last proven to be the same as here. A change that is held back does not count.',
      last_attempt_at: 'When it was last read, whatever came of it.',
      last_changed_at: 'When a code of the VDN last changed.',
      last_outcome:
        'What came of the last attempt: unchanged, changed, failed, or held (a suspicious change waits for approval).',
      last_run_id: 'The run of the last attempt.',
      failing_since: 'Time of the first of the failures that have not ended yet; null while all is well.',
      consecutive_failures: 'Failures in a row since the last success.',
      last_error_code: 'Kind of the last failure, such as timeout or unauthorized; null while all is well.',
      last_error_message: 'The last failure in words; null while all is well.',
    },
  },
  held_change: {
    about:
      'Changes too large to believe, waiting for a person: one row for a VDN, gone once the change is approved or the ' +
      'source has taken it back.',
    columns: {
      source,
      vdn_id: vdnId,
      plan: 'Name of exactly this change, to approve it with (sync --approve); the same change in several VDNs has one plan.',
      held_since: 'Since when the VDN has been held.',
      run_id: 'The run that saw this change last.',
      difference: 'The change, code by code: kind, code, description before and after.',
    },
  },
  sync_run: {
    about: 'One row for each run of the synchronisation; old runs are pruned.',
    columns: {
      run_id: 'Number of the run.',
      started_at: 'When it started.',
      finished_at: 'When it ended; null while it is running.',
      status: 'running, succeeded, partial (some VDNs failed or are held), failed or interrupted.',
      trigger: 'What started it: cli (by hand or by a CronJob) or schedule.',
      arguments: 'The arguments of its command line.',
      shard: 'Its share of the servers, such as 1/4; null where it took all.',
      version: 'Version of the program.',
      host: 'Machine or pod it ran on.',
      exit_code: 'Exit code of the command; null while it is running.',
      error_code: 'Why the run as a whole ended early; null otherwise.',
      error_message: 'The same in words.',
      vdns_total: 'VDNs the run had to bring up to date. The six counts that follow add up to it.',
      vdns_unchanged: 'VDNs whose list was the same as here.',
      vdns_changed: 'VDNs with changes that were stored.',
      vdns_failed: 'VDNs that could not be brought up to date.',
      vdns_held: 'VDNs whose change waits for approval.',
      vdns_skipped: 'VDNs that were not tried, because their source was down or the run was stopped.',
      vdns_fresh: 'VDNs left alone because they had been verified recently enough.',
      codes_added: 'New codes.',
      codes_changed: 'Codes described anew.',
      codes_removed: removedHere,
      codes_returned: 'Codes that came back after they had been removed.',
      requests: 'Requests sent to the sources.',
    },
  },
  sync_run_vdn: {
    about:
      'What a run did in one VDN, only where there is something to tell: changed, failed, held or skipped.',
    columns: {
      run_id: 'The run, in sync_run.',
      source,
      vdn_id: vdnId,
      outcome: 'changed, failed, held (a suspicious change waits for approval) or skipped (not tried).',
      codes_added: 'New codes.',
      codes_changed: 'Codes described anew.',
      codes_removed: removedHere,
      codes_returned: 'Codes that came back after they had been removed.',
      requests: 'Requests sent for this VDN.',
      duration_ms: 'From the first request to the stored result, in milliseconds.',
      error_code: 'Kind of the failure; null where there was none.',
      error_message: 'The failure in words: what happened and what to do.',
      plan: 'Name of the change that is held or was approved; null for other outcomes.',
      approved: 'Whether the change was stored because somebody had approved it.',
    },
  },
  schema_migration: {
    about: 'Which versions of these tables and views have been installed. Kept by the program.',
    columns: { name: 'Name of the migration.', timestamp: 'When it was installed.' },
  },
  schema_migration_lock: {
    about: 'Keeps two installations from running at once. Kept by the program.',
    columns: { id: 'Name of the lock.', is_locked: 'Whether an installation is under way.' },
  },
};
