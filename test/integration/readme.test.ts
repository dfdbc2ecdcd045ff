import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { syncSetup } from '../support/sync-setup.ts';
import { callsTable } from './reporting/recipes.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const statements = [...readme.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, text = '']) => text);

test('the joins of the README give each call its reason, and each code both its texts', async () => {
  const [calls = '', languages = ''] = statements;
  expect(statements).toHaveLength(2);
  const { sync, rows } = await syncSetup({
    sources: ['prod', 'prod-en', 'prod-zh'],
    vdns: [1],
    codesPerVdn: 5,
  });
  await sync();
  await rows(callsTable);
  await rows(`insert into calls (call_id, source, vdn_id, call_time, call_status, fail_code)
    values (1, 'prod', 1, now(), 5, '00605'), (2, 'prod', 1, now(), 5, '99999')`);
  const joined = await rows(calls);
  expect(joined).toHaveLength(2);
  expect(joined).toContainEqual(expect.objectContaining({ call_id: 2, reason: '(unknown code)' }));
  expect(joined.find((row) => row.call_id === 1)?.reason).not.toBe('(unknown code)');
  const both = await rows(languages);
  expect(both).toHaveLength(5);
  expect(both.every(({ english, chinese }) => english && chinese)).toBe(true);
});
