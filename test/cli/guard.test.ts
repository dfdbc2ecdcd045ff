import { describe, expect, test } from 'vitest';
import type { SimulatedVdn } from '../../src/simulator/index.ts';
import { call } from '../support/in-process.ts';
import { violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { type SyncSetup, syncSetup } from '../support/sync-setup.ts';

/** Every list begins with ten codes. */
const codesPerVdn = 10;

const removeFirst = (count: number) => (vdn: SimulatedVdn) => vdn.edit((codes) => codes.slice(count));
const rewriteFirst = (count: number) => (vdn: SimulatedVdn) =>
  vdn.edit((codes) => codes.map((code, index) => (index < count ? { ...code, obsCodeDesc: 'New.' } : code)));
const addMany = (count: number) => (vdn: SimulatedVdn) =>
  vdn.edit((codes) => [
    ...codes,
    ...Array.from({ length: count }, (_, index) => ({ obsCode: `N${index}`, obsCodeDesc: null })),
  ]);
const empty = (vdn: SimulatedVdn) => vdn.replace([]);

/** What may happen to a list, and whether the guard's usual limits (0.2, 0.5, 3) hold it. */
const changes: readonly {
  what: string;
  before?: number;
  edit: (vdn: SimulatedVdn) => void;
  held: boolean;
}[] = [
  { what: '4 of 20 removed: exactly the share', before: 20, edit: removeFirst(4), held: false },
  { what: '3 of 10 removed', edit: removeFirst(3), held: true },
  { what: '5 of 10 rewritten: exactly the share', edit: rewriteFirst(5), held: false },
  { what: '6 of 10 rewritten', edit: rewriteFirst(6), held: true },
  { what: '2 of 3 removed: fewer than atLeast', before: 3, edit: removeFirst(2), held: false },
  { what: '2 of 2 rewritten: fewer than atLeast', before: 2, edit: rewriteFirst(2), held: false },
  { what: 'emptied', edit: empty, held: true },
  { what: 'one code, and it is gone', before: 1, edit: empty, held: true },
  { what: 'many added', edit: addMany(60), held: false },
  {
    what: '3 removed and many added',
    edit: (vdn) => {
      removeFirst(3)(vdn);
      addMany(60)(vdn);
    },
    held: true,
  },
  { what: 'nothing', edit: () => {}, held: false },
];

describe('the guard', () => {
  test('holds what is suspicious and nothing else; of what it holds no code is written', async () => {
    const { simulator, sync, url, rows } = await syncSetup({
      vdns: [`1-${changes.length}`],
      codesPerVdn: 20,
    });
    for (const [index, { before = codesPerVdn }] of changes.entries()) {
      simulator.vdn(index + 1).edit((codes) => codes.slice(0, before));
    }
    expect(await sync()).toMatchObject({ exitCode: 0 });
    for (const [index, { edit }] of changes.entries()) edit(simulator.vdn(index + 1));
    const heldVdns = changes.flatMap(({ held }, index) => (held ? [index + 1] : []));
    const versionsOfHeld = `
      select ctid, xmin, c::text from obs.result_code as c where vdn_id = any(array[${heldVdns}])
      union all
      select ctid, xmin, h::text from obs.result_code_history as h where vdn_id = any(array[${heldVdns}])`;
    const verified = `select vdn_id, last_verified_at::text, code_count from obs.vdn
      where vdn_id = any(array[${heldVdns}]) order by vdn_id`;
    const before = [await rows(versionsOfHeld), await rows(verified)];

    const result = await sync();
    expect(result.exitCode).toBe(4);
    expect(result.json()).toMatchObject({
      status: 'partial',
      exitCode: 4,
      vdns: { total: changes.length, held: heldVdns.length, failed: 0 },
    });
    expect([await rows(versionsOfHeld), await rows(verified)]).toEqual(before);
    const stored =
      await rows(`select vdn_id, last_outcome, consecutive_failures, plan ~ '^[0-9a-f]{16}$' as planned
      from obs.vdn natural left join obs.held_change order by vdn_id`);
    expect(stored).toEqual(
      changes.map(({ what, held }, index) => ({
        vdn_id: index + 1,
        last_outcome: held ? 'held' : what === 'nothing' ? 'unchanged' : 'changed',
        consecutive_failures: 0,
        planned: held || null,
      })),
    );
    for (const vdnId of changes.flatMap(({ held }, index) => (held ? [] : [index + 1]))) {
      expect(await activeCodes({ rows }, vdnId)).toEqual(listed(simulator.vdn(vdnId)));
    }
    expect(await violations(url)).toEqual([]);
  });

  test('keeps the difference, and says everywhere what it is and how to approve it', async () => {
    const { simulator, sync, rows, config } = await syncSetup({ vdns: [7, 8], codesPerVdn });
    await sync();
    const vdn = simulator.vdn(7);
    for (const code of ['00602', '00603', '00604']) vdn.remove(code);
    vdn.change('00605', 'Engaged.');
    vdn.add('99', null);

    const result = await sync();
    const [held] = await rows('select plan, run_id, difference from obs.held_change where vdn_id = 7');
    expect(held).toMatchObject({ run_id: 2 });
    expect(held?.difference).toEqual([
      { kind: 'removed', obsCode: '00602', before: 'ACD无可用资源。', after: null },
      { kind: 'removed', obsCode: '00603', before: '被叫用户无应答。', after: null },
      { kind: 'removed', obsCode: '00604', before: '呼叫被拒绝。', after: null },
      { kind: 'changed', obsCode: '00605', before: '交换机忙。', after: 'Engaged.' },
      { kind: 'added', obsCode: '99', before: null, after: null },
    ]);
    const command = `node ${process.argv[1]} sync --approve ${held?.plan} --config ${config}`;
    const message = `3 of 10 codes would be removed, more than the limit of 20 %. Nothing was written; if it is right, run \`${command}\`.`;
    expect(result.json()).toMatchObject({
      outcomes: [{ vdnId: 7, outcome: 'held', plan: held?.plan, message }],
      codes: { added: 0, changed: 0, removed: 0, returned: 0 },
    });
    expect(result.stderr).toContain(message);
    expect(
      await rows('select outcome, plan, approved, codes_removed from obs.sync_run_vdn where run_id = 2'),
    ).toEqual([{ outcome: 'held', plan: held?.plan, approved: false, codes_removed: 0 }]);

    const status = (await call(['status', '--json'], config)).json() as {
      held: { approve: string; heldSince: string; difference: unknown }[];
    };
    expect(status.held).toMatchObject([{ difference: held?.difference, heldSince: expect.any(String) }]);
    const shown = await call(['status'], config);
    expect(shown.stdout).toContain('remove 3 codes');
    // The command that it shows, word for word.
    const approve = status.held[0]?.approve ?? '';
    expect(approve).toBe(command);
    const words = approve.slice(approve.indexOf('sync --approve')).split(' ');
    expect(await call(words, config)).toMatchObject({ exitCode: 0 });
    expect(await activeCodes({ rows }, 7)).toEqual(listed(vdn));
  });

  test('never holds a first list, not even an empty one; from then on it looks', async () => {
    const { simulator, sync, rows } = await syncSetup({ vdns: [1, 2], codesPerVdn });
    empty(simulator.vdn(1));
    expect((await sync()).json()).toMatchObject({ exitCode: 0, vdns: { unchanged: 1, changed: 1, held: 0 } });
    simulator.vdn(1).reset();
    expect((await sync()).json()).toMatchObject({ exitCode: 0, codes: { added: codesPerVdn } });
    empty(simulator.vdn(1));
    expect((await sync()).json()).toMatchObject({ exitCode: 4, vdns: { held: 1 } });
    expect(await activeCodes({ rows }, 1)).toHaveLength(codesPerVdn);
  });

  test('in a dry run shows what it would hold and under which plan, and keeps nothing', async () => {
    const { simulator, sync, url, rows } = await syncSetup({ vdns: [1], codesPerVdn });
    await sync();
    empty(simulator.vdn(1));
    const stored = await rowVersions(url);
    const dry = await sync('--dry-run');
    expect(dry.exitCode).toBe(4);
    const { outcomes } = dry.json() as { outcomes: { plan: string; changes: unknown[] }[] };
    expect(outcomes).toMatchObject([
      {
        outcome: 'held',
        plan: expect.any(String),
        message: expect.stringMatching(/run `node .* sync --config .*`, which holds it,/),
      },
    ]);
    expect(outcomes[0]?.changes).toHaveLength(codesPerVdn);
    const plan = outcomes[0]?.plan ?? '';
    expect(await rowVersions(url)).toEqual(stored);
    // An approval binds to what was held when the run began: what was never held has to be held first.
    expect((await sync('--approve', plan)).json()).toMatchObject({ exitCode: 4, vdns: { held: 1 } });
    expect((await sync('--dry-run', '--approve', plan)).json()).toMatchObject({
      exitCode: 0,
      outcomes: [{ outcome: 'changed', plan }],
    });
    // Now that it is held, a dry run names the command that works.
    const [later] = ((await sync('--dry-run')).json() as { outcomes: { message: string }[] }).outcomes;
    expect(later?.message).toMatch(
      new RegExp(`if it is right, run \`node .* sync --approve ${plan} --config .*\`\\.$`),
    );
    expect((await sync('--approve', plan)).json()).toMatchObject({ exitCode: 0, vdns: { changed: 1 } });
    expect(await activeCodes({ rows }, 1)).toEqual([]);
  });

  test('writes nothing on the following nights either, and remembers since when it holds', async () => {
    const { simulator, sync, url, rows } = await syncSetup({ vdns: [1], codesPerVdn });
    await sync();
    empty(simulator.vdn(1));
    await sync();
    const stored = await rowVersions(url, codeTables);
    const since = await rows('select plan, held_since::text from obs.held_change');
    expect(await sync()).toMatchObject({ exitCode: 4 });
    expect(await rowVersions(url, codeTables)).toEqual(stored);
    expect(await rows('select plan, held_since::text from obs.held_change')).toEqual(since);
    expect(await violations(url)).toEqual([]);
  });
});

async function activeCodes({ rows }: Pick<SyncSetup, 'rows'>, vdnId: number) {
  const codes = await rows(`select obs_code as "obsCode", obs_code_desc as "obsCodeDesc"
    from obs.active_result_code where vdn_id = ${vdnId} order by obs_code collate "C"`);
  return codes;
}

function listed(vdn: SimulatedVdn) {
  return vdn.list().toSorted((a, b) => (a.obsCode < b.obsCode ? -1 : 1));
}
