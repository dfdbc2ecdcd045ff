import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { syncSetup } from '../support/sync-setup.ts';
import { callsTable } from './reporting/recipes.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const statements = [...readme.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, text = '']) => text);

test('the join of README.md gives each call its reason', async () => {
  const [calls = ''] = statements;
  expect(statements).toHaveLength(1);
  const { sync, rows } = await syncSetup({ sources: ['prod'], vdns: [1], codesPerVdn: 5 });
  await sync();
  await rows(callsTable);
  await rows(`insert into calls (call_id, source, vdn_id, call_time, call_status, fail_code)
    values (1, 'prod', 1, now(), 5, '00605'), (2, 'prod', 1, now(), 5, '99999')`);
  const joined = await rows(calls);
  expect(joined).toHaveLength(2);
  expect(joined).toContainEqual(expect.objectContaining({ call_id: 2, reason: '(unknown code)' }));
  expect(joined.find((row) => row.call_id === 1)?.reason).not.toBe('(unknown code)');
});
