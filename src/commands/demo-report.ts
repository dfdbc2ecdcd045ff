import { type Kysely, sql } from 'kysely';
import { harmless } from '../domain/quote.ts';
import type { Database } from '../store/tables.ts';
import { demoSource } from './demo-edits.ts';

/**
 * A handful of calls as a warehouse has them, joined with the codes: one whose code was removed since keeps its
 * text, one whose code is unknown stays in the report.
 */
export async function sampleReport(db: Kysely<Database>): Promise<{ head: string[]; rows: string[][] }> {
  const { rows } = await sql<{ call: string; vdn: number; code: string; reason: string; list: string }>`
    with call (call_id, vdn_id, fail_code) as (
      values ('c-1', 1, '00605'), ('c-2', 1, '00602'), ('c-3', 3, '00603'), ('c-4', 3, '99999'),
        ('c-5', 2, (
          select obs_code from result_code
          where source = ${demoSource} and vdn_id = 2 and removed_at is not null
          order by removed_at desc limit 1
        ))
    )
    select call.call_id as call, call.vdn_id as vdn, call.fail_code as code,
      coalesce(known.obs_code_desc, '(unknown code)') as reason,
      case when known.obs_code is null then '—' when known.removed_at is null then 'active' else 'removed' end as list
    from call
    left join result_code as known
      on known.source = ${demoSource} and known.vdn_id = call.vdn_id and known.obs_code = call.fail_code
    order by call.call_id`.execute(db);
  return {
    head: ['call', 'VDN', 'OBS code', 'reason', 'in the list'],
    rows: rows.map(({ call, vdn, code, reason, list }) => [call, String(vdn), code, harmless(reason), list]),
  };
}
