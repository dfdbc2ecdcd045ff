import { expect, test } from 'vitest';
import { examples, read } from '../support/documents.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { callsTable } from './reporting/recipes.ts';

const statements = examples(read('README.md'), 'sql');

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
