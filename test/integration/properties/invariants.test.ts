import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeViolations, violations } from '../../support/invariants.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { query } from '../../support/template-database.ts';

const whole = `
  insert into obs.vdn (source, vdn_id, code_count, first_verified_at, last_verified_at, last_outcome)
    values ('s', 1, 1, '2026-01-01', '2026-01-02', 'changed');
  insert into obs.result_code (source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at, removed_at)
    values ('s', 1, 'A', 'a', '2026-01-01', '2026-01-02', null),
      ('s', 1, 'B', 'b', '2026-01-01', '2026-01-02', '2026-01-02');
  insert into obs.result_code_history
      (source, vdn_id, obs_code, obs_code_desc, valid_from, valid_to, opened_run_id, closed_run_id)
    values ('s', 1, 'A', 'old', '2026-01-01', '2026-01-02', 1, 2), ('s', 1, 'A', 'a', '2026-01-02', null, 2, null),
      ('s', 1, 'B', 'b', '2026-01-01', '2026-01-02', 1, 2);
  insert into obs.sync_run (finished_at, status, trigger, arguments, version, host, vdns_total, vdns_changed, codes_added)
    values (now(), 'succeeded', 'cli', '', '0', 'h', 1, 1, 2);
  insert into obs.sync_run_vdn (run_id, source, vdn_id, outcome, codes_added, duration_ms)
    values ((select max(run_id) from obs.sync_run), 's', 1, 'changed', 2, 1);`;

describe('the invariants', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await query(database.url, whole);
  });
  afterAll(() => database.close());

  test('hold for tables that are whole', async () => {
    expect(await violations(database.url)).toEqual([]);
  });

  const damages = [
    [
      'exactly one open version',
      `update obs.result_code_history set valid_to = now(), closed_run_id = 3 where valid_to is null`,
    ],
    [
      'with its description',
      `update obs.result_code_history set obs_code_desc = null where valid_to is null`,
    ],
    [
      'a removed code has no open version',
      `update obs.result_code_history set valid_to = null, closed_run_id = null where obs_code = 'B'`,
    ],
    [
      'versions of a code do not overlap',
      `update obs.result_code_history set valid_to = '2026-01-03' where obs_code_desc = 'old'`,
    ],
    [
      'when its newest version began or ended',
      `update obs.result_code set changed_at = now() where obs_code = 'A'`,
    ],
    ['how many active codes it has', `update obs.vdn set code_count = 2`],
    ['a VDN with codes was verified', `update obs.vdn set first_verified_at = null`],
    [
      'by the last attempt is not held',
      `insert into obs.held_change values ('s', 1, '0123456789abcdef', now(), 1, '[]', 'too much')`,
    ],
  ] as const;
  for (const [rule, damage] of damages) {
    test(`name a broken rule: ${rule}`, async () => {
      const undo = await damaged(database.url, damage);
      expect((await codeViolations(database.url)).join()).toContain(rule);
      await undo();
    });
  }

  test('name a broken rule of the run log', async () => {
    for (const [rule, damage] of [
      ['no run is left running', `update obs.sync_run set status = 'running'`],
      ['counts of VDNs add up', `update obs.sync_run set vdns_total = 2`],
      ['lines are as many as its counts', `update obs.sync_run_vdn set outcome = 'failed'`],
    ] as const) {
      const undo = await damaged(database.url, damage);
      expect((await violations(database.url)).join()).toContain(rule);
      expect(await codeViolations(database.url)).toEqual([]);
      await undo();
    }
  });
});

async function damaged(url: string, statement: string): Promise<() => Promise<void>> {
  await query(url, statement);
  return async () => {
    await query(
      url,
      `truncate obs.vdn, obs.result_code, obs.result_code_history, obs.held_change, obs.sync_run, obs.sync_run_vdn; ${whole}`,
    );
  };
}
