import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { heldPlans } from '../../../src/store/held-plans.ts';
import { reportingDatabase } from '../reporting/stored-lists.ts';

const { url, client } = await reportingDatabase();
await client.query(`
  insert into vdn (source, vdn_id, configured)
  values ('prod', 1, true), ('prod', 2, true), ('prod', 3, true), ('backup', 1, true), ('backup', 2, false);
  insert into held_change
  select source, vdn_id, plan, since::timestamptz, 8,
    jsonb_build_array(jsonb_build_object('kind', 'removed', 'obsCode', plan, 'before', null, 'after', null)), 'why ' || plan
  from (values ('prod', 1, 'aaaaaaaaaaaaaaaa', '2026-11-22T02:00Z'), ('prod', 2, 'bbbbbbbbbbbbbbbb', '2026-11-21T02:00Z'),
    ('prod', 3, 'aaaaaaaaaaaaaaaa', '2026-11-20T02:00Z'), ('backup', 1, 'cccccccccccccccc', '2026-11-19T02:00Z'),
    ('backup', 2, 'dddddddddddddddd', '2026-11-18T02:00Z')) as held (source, vdn_id, plan, since)`);

test('one entry for each plan in all VDNs that have it, held longest first, configured VDNs only', async () => {
  const { db, close } = await openDatabase({ url, schema: 'obs' });
  const { plans, total, sources } = await heldPlans(db, 2);
  const all = await heldPlans(db).finally(close);
  const removed = (obsCode: string) => [{ kind: 'removed', obsCode, before: null, after: null }];
  const expected = [
    {
      source: 'backup',
      plan: 'cccccccccccccccc',
      vdnIds: [1],
      heldSince: new Date('2026-11-19T02:00Z'),
      runId: 8,
      reason: 'why cccccccccccccccc',
      difference: removed('cccccccccccccccc'),
    },
    {
      source: 'prod',
      plan: 'aaaaaaaaaaaaaaaa',
      vdnIds: [1, 3],
      heldSince: new Date('2026-11-20T02:00Z'),
      runId: 8,
      reason: 'why aaaaaaaaaaaaaaaa',
      difference: removed('aaaaaaaaaaaaaaaa'),
    },
    {
      source: 'prod',
      plan: 'bbbbbbbbbbbbbbbb',
      vdnIds: [2],
      heldSince: new Date('2026-11-21T02:00Z'),
      runId: 8,
      reason: 'why bbbbbbbbbbbbbbbb',
      difference: removed('bbbbbbbbbbbbbbbb'),
    },
  ];
  expect(plans).toEqual(expected.slice(0, 2));
  expect(total).toBe(3);
  expect(sources).toMatchObject([
    { source: 'backup', vdns: 1, plans: 1 },
    { source: 'prod', vdns: 3, plans: 2 },
  ]);
  expect(all).toEqual({ plans: expected, total: 3, sources });
});
