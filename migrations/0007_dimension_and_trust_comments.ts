import { type Kysely, sql } from 'kysely';

/** What BI tools show beside the new views and columns; texts of old ones that are no longer true are replaced. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [view, about] of Object.entries(views)) {
    await sql`comment on view ${sql.ref(view)} is ${sql.lit(about)}`.execute(db);
  }
  for (const [view, texts] of Object.entries(columns)) {
    for (const [column, text] of Object.entries(texts)) {
      await sql`comment on column ${sql.ref(`${view}.${column}`)} is ${sql.lit(text)}`.execute(db);
    }
  }
}

const views: Readonly<Record<string, string>> = {
  obs_code_dimension:
    'The codes as a slowly changing dimension, one row for each version of a code, without gaps. Join by time on ' +
    '(source, vdn_id, obs_code) and call_time >= valid_from and call_time < valid_to, or to the latest version on ' +
    'the same columns and is_current: each call of a known code finds exactly one row.',
  freshness:
    'One row for each configured VDN: how old its codes are and what keeps them from being renewed. Trust a VDN ' +
    'that is neither stale nor held.',
  source_status:
    'One row for each source, for the foot of a report: whether its codes can be trusted, and why not.',
};

const source = 'Name of the CC-iSales server the code list was read from, as it stands in the configuration.';
const vdnId = 'VDN (the tenant of the call centre) that the code list belongs to, 1 to 9999.';
const obsCode = 'OBS result code as the source sends it: text, leading zeros included. Join calls on it.';
const monitoredOfAny =
  'Whether the answer of is_active is still watched: one of the VDNs that have the code (that had it, where none has ' +
  'it any more) is configured.';

const columns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  active_result_code: {
    is_monitored:
      'Whether the VDN is still configured; if not, nothing checks any more that it has the code.',
  },
  code: { is_monitored: monitoredOfAny },
  code_by_source: { is_monitored: monitoredOfAny },
  code_by_number: { is_monitored: monitoredOfAny },
  result_code_period: {
    joins_from:
      'First instant of the period; 1970-01-01 UTC for the first, so that calls before the first list match too.',
    joins_to:
      'End of the period, excluded; 2200-01-01 UTC for the last. While a code was removed, its last text stands.',
  },
  obs_code_dimension: {
    obs_code_key:
      'Key of the version, one text: source, VDN, microseconds since 1970 of seen_from, and code, with slashes between.',
    code_key:
      'Key of the code, one text: source, VDN and code with slashes between; for tools that relate by one column, ' +
      'where is_current is true.',
    source,
    vdn_id: vdnId,
    obs_code: obsCode,
    obs_code_desc: 'What the code meant in this version; null where the source sent no text.',
    valid_from:
      'First instant at which calls find this version; 1970-01-01 UTC for the first, so that earlier calls find it too.',
    valid_to:
      'End of that, excluded: the start of the next version, also where the code was gone in between; 2200-01-01 UTC ' +
      'for the last.',
    version_number: 'Versions of the code counted from 1.',
    is_current: 'Whether this is the last version of the code, also where the code is removed.',
    is_active: 'Whether the source still has the code, as of last_verified_at; the same for all versions.',
    is_monitored: 'Whether the VDN is still configured; if not, nothing checks any more what is_active says.',
    seen_from: 'When this version was first read.',
    seen_to: 'When it was found changed or removed; null while it holds.',
    removed_at: 'Since when the code is gone from the source; null while it is active.',
    vdn_first_verified_at:
      'When the list of the VDN was first stored: before it nothing is known of what its codes meant.',
    last_verified_at: 'When the list of the VDN was last proven to be the same as here.',
  },
  freshness: {
    is_stale:
      'Whether the list was never verified, longer ago than source.stale_after allows (36 hours where the source has ' +
      'no row there), or in the future, which is no proof of anything.',
    age_seconds:
      'Seconds since last_verified_at; null where the list was never verified, negative where that lies in the future.',
  },
  source_status: {
    source,
    is_trustworthy: 'Whether VDNs of the source are configured and none of them is stale or held.',
    vdns: 'Configured VDNs of the source.',
    stale_vdns: 'How many of them are stale: see freshness.is_stale.',
    failing_vdns: 'How many failed when they were last read; one that is not stale can still be trusted.',
    held_vdns: 'How many have a change that is too large to believe and waits for a person.',
    oldest_verified_at:
      'The verification that lies furthest back; VDNs never verified have none. It may be that of a single stale VDN.',
    newest_verified_at: 'The latest verification; null where no VDN was ever verified.',
    message: 'The same in one sentence, to be shown below a report. Its times are in UTC.',
  },
};
