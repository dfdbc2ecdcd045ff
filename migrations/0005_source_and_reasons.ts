import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

/**
 * Why a change is held, what a source was last configured with, and VDNs that left the configuration. Plans get 16
 * digits: those of version 0.1.0 are computed anew from what is stored, so that a held row needs no new run.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [source, knownSources, reason, unconfigured]) await statement.execute(db);
  await lengthenPlans(db);
  await sql`alter table held_change
    alter column reason drop default,
    add constraint held_change_plan_check check (plan ~ '^[0-9a-f]{16}$')`.execute(db);
  // A night with few changes updates rows in place of their page instead of touching every index.
  await sql`alter table result_code set (fillfactor = 85)`.execute(db);
  await comment(db);
}

const source = sql`
  create table source (
    source text primary key,
    server text,
    locale text,
    stale_after interval not null default '36 hours' check (stale_after > interval '0'),
    last_run_id integer
  )`;

const knownSources = sql`insert into source (source) select distinct source from vdn`;

const reason = sql`
  alter table held_change
    drop constraint held_change_plan_check,
    add column reason text not null default 'held by version 0.1.0, which stored no reason'`;

const unconfigured = sql`alter table sync_run add column vdns_unconfigured integer not null default 0`;

interface HeldRow {
  readonly source: string;
  readonly vdn_id: number;
  readonly difference: readonly Change[];
}

interface Change {
  readonly kind: string;
  readonly obsCode: string;
  readonly before: string | null;
  readonly after: string | null;
}

async function lengthenPlans(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<HeldRow>`select source, vdn_id, difference from held_change`.execute(db);
  for (const { source, vdn_id, difference } of rows) {
    const changes = difference.map((c) => [c.kind, c.obsCode, c.before, c.after]);
    const plan = createHash('sha256')
      .update(JSON.stringify([source, changes]))
      .digest('hex')
      .slice(0, 16);
    await sql`update held_change set plan = ${plan} where source = ${source} and vdn_id = ${vdn_id}`.execute(
      db,
    );
  }
}

async function comment(db: Kysely<unknown>): Promise<void> {
  await sql`comment on table source is ${sql.lit(
    'Every source ever synchronised, with what its last run was configured with.',
  )}`.execute(db);
  for (const [column, text] of Object.entries(comments)) {
    await sql`comment on column ${sql.ref(column)} is ${sql.lit(text)}`.execute(db);
  }
}

const comments = {
  'source.source': 'Name of the source, as it stands in the configuration.',
  'source.server': 'Host and port of its server in the last run; null where only version 0.1.0 has run.',
  'source.locale': 'Language that the last run asked for; null where it asked for none.',
  'source.stale_after': 'How old a verification may be before a VDN counts as stale.',
  'source.last_run_id': 'The last run of the source; null where only version 0.1.0 has run.',
  'held_change.reason': 'Why the change is held, one sentence with its figures.',
  'held_change.held_since': 'Since when exactly this change has been held.',
  'held_change.run_id': 'The run that began to hold this change.',
  'sync_run.vdns_unconfigured':
    'VDNs that this run found to have left the configuration; not part of the total.',
};
