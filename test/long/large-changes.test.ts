import { expect, test } from 'vitest';
import { syncSetup } from '../support/sync-setup.ts';

test('much of a large list changes while the tables have no statistics: each change is found by its key', async () => {
  // Each change compared with each code of the list would take longer than a statement may.
  const { simulator, sync, rows } = await syncSetup({ vdns: [1], codesPerVdn: 60_000 });
  expect((await sync()).json()).toMatchObject({ codes: { added: 60_000 } });
  const changed = simulator.rewrite({ share: 0.45, firstVdn: 1, lastVdn: 1 });
  const unanalysed = `select count(*)::integer as tables from pg_stat_user_tables
    where relname in ('result_code', 'result_code_history') and last_analyze is null and last_autoanalyze is null`;
  expect(await rows(unanalysed)).toEqual([{ tables: 2 }]);
  expect((await sync()).json()).toMatchObject({ exitCode: 0, codes: { changed } });
});
