import { type Kysely, sql } from 'kysely';

/** What BI tools show beside the views, their columns, and the function. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [view, { about, columns }] of Object.entries(comments)) {
    await sql`comment on view ${sql.ref(view)} is ${sql.lit(about)}`.execute(db);
    for (const [column, text] of Object.entries(columns)) {
      await sql`comment on column ${sql.ref(`${view}.${column}`)} is ${sql.lit(text)}`.execute(db);
    }
  }
  await sql`comment on function result_code_as_of(timestamptz) is ${sql.lit(asOf)}`.execute(db);
}

const source = 'Name of the CC-iSales server the code list was read from, as it stands in the configuration.';
const vdnId = 'VDN (the tenant of the call centre) that the code list belongs to, 1 to 9999.';
const obsCode = 'OBS result code as the source sends it: text, leading zeros included. Join calls on it.';
const obsCodeNumber =
  'The code as a number, for facts that lost the leading zeros; null where the code is not 1 to 18 digits.';

const commonest = {
  obs_code_desc:
    'The commonest description: the one that most VDNs use now, or used last where the code is removed everywhere. ' +
    'Of equally common ones the first by alphabet.',
  is_active: 'Whether at least one VDN still has the code.',
  vdn_count: 'How many VDNs have or had the code.',
  description_count: 'How many different descriptions these VDNs have for it; no description counts as one.',
  is_ambiguous:
    'True where VDNs describe the code differently: then join on (source, vdn_id, obs_code) to be exact. Where it is ' +
    'false, the shorter join gives the same text.',
};

const asOf =
  'The code lists as they stood at that instant: every code that was active then, with its description of then. ' +
  'Columns: source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to. Empty before the first synchronisation.';

const comments: Readonly<Record<string, { about: string; columns: Readonly<Record<string, string>> }>> = {
  active_result_code: {
    about: 'The codes that the VDNs have now, without the removed ones.',
    columns: {
      source,
      vdn_id: vdnId,
      obs_code: obsCode,
      obs_code_number: obsCodeNumber,
      obs_code_desc: 'What the code means; null where the source sends no text.',
      first_seen_at: 'When the code was first read in this VDN.',
      changed_at: 'When it was added, described anew or returned, whichever was last.',
    },
  },
  code: {
    about:
      'One row for each OBS code over all sources and VDNs, for facts that know only the code: joining on obs_code ' +
      'never multiplies calls.',
    columns: { obs_code: obsCode, ...commonest },
  },
  code_by_source: {
    about:
      'One row for each source and OBS code, for facts that know the source but not the VDN, and for sources that ' +
      'hold one server in several languages.',
    columns: { source, obs_code: obsCode, ...commonest },
  },
  code_by_number: {
    about:
      'One row for each code number, for facts that stored the code as a number and lost its zeros: 605 stands for ' +
      '605 and for 00605. Joining on obs_code_number never multiplies calls.',
    columns: {
      obs_code_number: 'The code as a number. Codes that are not 1 to 18 digits are not here.',
      ...commonest,
    },
  },
  result_code_period: {
    about:
      'The history of each code without gaps, for the description as it was when a call was made: join on ' +
      '(source, vdn_id, obs_code) and call_time >= joins_from and call_time < joins_to. Each call of a known code ' +
      'finds exactly one row.',
    columns: {
      source,
      vdn_id: vdnId,
      obs_code: obsCode,
      obs_code_desc: 'What the code meant in this period; null where the source sent no text.',
      joins_from:
        'First instant of the period; -infinity for the first, so that calls before the first list match too.',
      joins_to:
        'End of the period, excluded; infinity for the last. While a code was removed, its last text stands.',
      valid_from: 'From when the source really had this version.',
      valid_to: 'Until when the source really had it, excluded; null while it does.',
    },
  },
  code_change: {
    about:
      'The change feed: every change of a code that was ever stored. Ask for a span of changed_at, such as the last ' +
      'day, and only that is read.',
    columns: {
      changed_at: 'When the change was stored.',
      kind: 'initial (part of the first list of the VDN), added, changed (the description), removed or returned.',
      source,
      vdn_id: vdnId,
      obs_code: obsCode,
      old_desc: 'The description before; of a returned code, the last one it had; null for a new code.',
      new_desc: 'The description after; null for a removed code.',
      run_id: 'The run that stored it.',
    },
  },
  freshness: {
    about:
      'One row for each configured VDN: how old its codes are and what keeps them from being renewed. Trust a VDN ' +
      'whose age is below your limit and which is not held.',
    columns: {
      source,
      vdn_id: vdnId,
      code_count: 'Active codes of the VDN.',
      first_verified_at: 'When its list was first stored; null where that never succeeded.',
      last_verified_at:
        'Data as of: when its list was last proven to be the same as here; null where it never was.',
      age: 'Time since last_verified_at; null where the list was never verified.',
      last_changed_at: 'When a code of the VDN last changed.',
      last_attempt_at: 'When it was last read, whatever came of it.',
      last_outcome: 'What came of the last attempt: unchanged, changed, failed or held.',
      last_run_id: 'The run of the last attempt, in sync_run.',
      is_held: 'Whether a change of its list is too large to believe and waits for a person.',
      held_since: 'Since when it has been held; null where it is not.',
      plan: 'Name of the change that is held, to approve it with (sync --approve).',
      is_failing: 'Whether its last attempts failed.',
      failing_since: 'Time of the first of these failures; null where it is not failing.',
      consecutive_failures: 'How many of them.',
      last_error_code: 'Kind of the last failure, such as timeout or unauthorized.',
      last_error_message: 'The last failure in words: what happened and what to do.',
    },
  },
};
