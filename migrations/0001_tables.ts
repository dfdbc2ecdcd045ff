import { type Kysely, sql } from 'kysely';

/**
 * The tables. Names are unqualified on purpose: the migrator's connection has the configured schema, and
 * nothing else, on its search path.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [resultCode, resultCodeHistory, vdn, heldChange, syncRun, syncRunVdn]) {
    await statement.execute(db);
  }
  for (const index of indexes) await index.execute(db);
}

const resultCode = sql`
  create table result_code (
    source text not null,
    vdn_id integer not null check (vdn_id between 1 and 9999),
    obs_code text not null check (length(obs_code) between 1 and 255),
    obs_code_number bigint generated always as
      (case when obs_code ~ '^[0-9]{1,18}$' then obs_code::bigint end) stored,
    obs_code_desc text,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    removed_at timestamptz,
    primary key (source, vdn_id, obs_code)
  )`;

// The exclusion of two current versions is an index of the database's own, so that no bug of the program
// and no hand-written UPDATE can give a code two descriptions at once.
const resultCodeHistory = sql`
  create table result_code_history (
    source text not null,
    vdn_id integer not null,
    obs_code text not null,
    valid_from timestamptz not null,
    obs_code_desc text,
    valid_to timestamptz,
    opened_run_id integer not null,
    closed_run_id integer,
    primary key (source, vdn_id, obs_code, valid_from),
    constraint result_code_history_ends_after_start check (valid_to > valid_from),
    constraint result_code_history_closed_by_a_run check ((valid_to is null) = (closed_run_id is null))
  )`;

const vdn = sql`
  create table vdn (
    source text not null,
    vdn_id integer not null check (vdn_id between 1 and 9999),
    configured boolean not null default true,
    code_count integer not null default 0,
    first_verified_at timestamptz,
    last_verified_at timestamptz,
    last_attempt_at timestamptz,
    last_changed_at timestamptz,
    last_outcome text check (last_outcome in ('unchanged', 'changed', 'failed', 'held')),
    last_run_id integer,
    failing_since timestamptz,
    consecutive_failures integer not null default 0,
    last_error_code text,
    last_error_message text,
    primary key (source, vdn_id)
  )`;

const heldChange = sql`
  create table held_change (
    source text not null,
    vdn_id integer not null,
    plan text not null check (plan ~ '^[0-9a-f]{12}$'),
    held_since timestamptz not null,
    run_id integer not null,
    difference jsonb not null,
    primary key (source, vdn_id)
  )`;

const syncRun = sql`
  create table sync_run (
    run_id integer generated always as identity primary key,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    status text not null check (status in ('running', 'succeeded', 'partial', 'failed', 'interrupted')),
    trigger text not null check (trigger in ('cli', 'schedule')),
    arguments text not null,
    shard text,
    version text not null,
    host text not null,
    exit_code integer,
    error_code text,
    error_message text,
    vdns_total integer not null default 0,
    vdns_unchanged integer not null default 0,
    vdns_changed integer not null default 0,
    vdns_failed integer not null default 0,
    vdns_held integer not null default 0,
    vdns_skipped integer not null default 0,
    vdns_fresh integer not null default 0,
    codes_added integer not null default 0,
    codes_changed integer not null default 0,
    codes_removed integer not null default 0,
    codes_returned integer not null default 0,
    requests integer not null default 0
  )`;

const syncRunVdn = sql`
  create table sync_run_vdn (
    run_id integer not null,
    source text not null,
    vdn_id integer not null,
    outcome text not null check (outcome in ('changed', 'failed', 'held', 'skipped')),
    codes_added integer not null default 0,
    codes_changed integer not null default 0,
    codes_removed integer not null default 0,
    codes_returned integer not null default 0,
    requests integer not null default 0,
    duration_ms integer not null,
    error_code text,
    error_message text,
    plan text,
    approved boolean not null default false,
    primary key (run_id, source, vdn_id)
  )`;

const indexes = [
  sql`create unique index result_code_history_current
      on result_code_history (source, vdn_id, obs_code) where valid_to is null`,
  sql`create index result_code_by_code on result_code (obs_code)`,
  sql`create index result_code_by_number on result_code (obs_code_number) where obs_code_number is not null`,
  sql`create index result_code_history_by_start on result_code_history (valid_from)`,
  sql`create index result_code_history_by_end on result_code_history (valid_to) where valid_to is not null`,
  sql`create index sync_run_vdn_by_vdn on sync_run_vdn (source, vdn_id, run_id)`,
];
