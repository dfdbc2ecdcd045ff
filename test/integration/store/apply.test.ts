import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { entries, entry } from '../../unit/domain/pages.ts';
import { applyInTurn, beginRun, kinds, rowsOf } from './opened.ts';

const texts = [
  ...['', ' a ', '\t\r\n', 'NULL', 'null', '{}', '{a,b}', '"', '\\', ',', '$1', '__proto__'],
  ...[`'; drop table vdn; --`, '😀', '交换机忙。', '\u202eabc', '\u001b[31m', 'x'.repeat(100_000)],
];

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  const rows = (statement: string) => rowsOf(database, statement);
  const apply = (source: string, ...lists: Parameters<typeof applyInTurn>[2][]) =>
    applyInTurn(database, source, ...lists);

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('codes come, change, go and return, and the history keeps every version', async () => {
    const [one, two, three] = await apply(
      'life',
      [entry('A', 'a'), entry('B', 'b'), entry('C', null)],
      [entry('A', 'a2'), entry('C', '')],
      [entry('A', 'a2'), entry('B', 'b'), entry('D', 'd')],
    );
    const history = await rows(`
      select obs_code as code, obs_code_desc as text, opened_run_id as opened, closed_run_id as closed,
        valid_to is null as current
      from result_code_history where source = 'life' order by obs_code, valid_from`);
    expect(history).toEqual([
      { code: 'A', text: 'a', opened: one, closed: two, current: false },
      { code: 'A', text: 'a2', opened: two, closed: null, current: true },
      { code: 'B', text: 'b', opened: one, closed: two, current: false },
      { code: 'B', text: 'b', opened: three, closed: null, current: true },
      { code: 'C', text: null, opened: one, closed: two, current: false },
      { code: 'C', text: '', opened: two, closed: three, current: false },
      { code: 'D', text: 'd', opened: three, closed: null, current: true },
    ]);
    const codes = await rows(`
      select obs_code as code, obs_code_desc as text, removed_at is not null as removed,
        changed_at > first_seen_at as moved, removed_at = changed_at as went
      from result_code where source = 'life' order by obs_code`);
    expect(codes).toEqual([
      { code: 'A', text: 'a2', removed: false, moved: true, went: null },
      { code: 'B', text: 'b', removed: false, moved: true, went: null },
      { code: 'C', text: '', removed: true, moved: true, went: true },
      { code: 'D', text: 'd', removed: false, moved: false, went: null },
    ]);
    expect(await rows(`select code_count, last_outcome, last_run_id from vdn where source = 'life'`)).toEqual(
      [{ code_count: 3, last_outcome: 'changed', last_run_id: three }],
    );
    const log = await rows(`
      select run_id, outcome, codes_added as added, codes_changed as changed, codes_removed as removed,
        codes_returned as returned, approved, plan
      from sync_run_vdn where source = 'life' order by run_id`);
    const quiet = { outcome: 'changed', approved: false, plan: null };
    expect(log).toEqual([
      { run_id: one, added: 3, changed: 0, removed: 0, returned: 0, ...quiet },
      { run_id: two, added: 0, changed: 2, removed: 1, returned: 0, ...quiet },
      { run_id: three, added: 1, changed: 0, removed: 1, returned: 1, ...quiet },
    ]);
  });

  test('an apply is one transaction and has one instant', async () => {
    for (const text of ['first', 'second']) {
      await apply('instant', [entry('A', text), entry('B', text)]);
      const written = await rows(`
        select count(*)::integer as places, count(distinct xmin::text)::integer as transactions,
          count(distinct at)::integer as instants from (
            select xmin, changed_at as at from result_code where source = 'instant'
            union all
            select xmin, valid_from from result_code_history where source = 'instant' and valid_to is null
            union all
            select xmin, valid_to from result_code_history where source = 'instant' and valid_to is not null
            union all
            select xmin, last_verified_at from vdn where source = 'instant'
            union all
            select xmin, last_changed_at from vdn where source = 'instant') as written`);
      expect(written).toEqual([{ places: text === 'first' ? 6 : 8, transactions: 1, instants: 1 }]);
    }
  });

  test('the microseconds of a verification pass through the program, so that it is not taken for another', async () => {
    await apply('micros', [entry('A', 'a')]);
    await rows(`update vdn set last_verified_at = '2026-01-02 03:04:05.123457Z' where source = 'micros'`);
    await apply('micros', [entry('A', 'b')]);
    await rows(`update vdn set last_verified_at = '2026-01-02 03:04:05.123457Z' where source = 'micros'`);
    const run = await beginRun(database, 'micros');
    await run.store.record({ ...(await run.about()), outcome: 'unchanged', codeCount: 1 });
    await run.end();
    expect(await rows(`select last_outcome from vdn where source = 'micros'`)).toEqual([
      { last_outcome: 'unchanged' },
    ]);
  });

  test('time only goes forward, also where the clock was set back', async () => {
    await apply('clock', [entry('A', 'a'), entry('B', 'b')]);
    await rows(`update result_code_history set valid_from = '2099-01-01 00:00:00.000007Z'
      where source = 'clock' and obs_code = 'A'`);
    await apply('clock', [entry('A', 'a2'), entry('B', 'b')], []);
    const history = await rows(`
      select obs_code as code, to_char(valid_from at time zone 'UTC', 'YYYY US') as from,
        to_char(valid_to at time zone 'UTC', 'YYYY US') as to
      from result_code_history where source = 'clock' order by obs_code, valid_from`);
    expect(history).toEqual([
      { code: 'A', from: '2099 000007', to: '2099 000008' },
      { code: 'A', from: '2099 000008', to: '2099 000009' },
      { code: 'B', from: expect.stringMatching(/^20[2-8]/), to: '2099 000009' },
    ]);
  });

  test('every text is stored as it was sent, and null is not the empty text', async () => {
    const first = texts.map((text, index) => entry(text.slice(0, 255) || '1', index % 2 === 0 ? text : null));
    const second = first.map(({ obsCode, obsCodeDesc }, index) =>
      entry(obsCode, obsCodeDesc === null ? (texts[index] ?? '') : null),
    );
    for (const list of [first, second]) {
      await apply('texts', list);
      const run = await beginRun(database, 'texts');
      expect((await run.compare(list)).difference).toEqual({ changes: [], activeBefore: texts.length });
      await run.end();
    }
  });

  test('a removed code keeps its last text', async () => {
    await apply('kept', [entry('A', 'a'), entry('B', null)], []);
    const kept = await rows(`
      select obs_code_desc as text, removed_at is null as active
      from result_code where source = 'kept' order by obs_code`);
    expect(kept).toEqual([
      { text: 'a', active: false },
      { text: null, active: false },
    ]);
  });

  test('another VDN and another source are not touched', async () => {
    await apply('one', entries(3));
    await apply('two', entries(3));
    const before = await rows(`select ctid::text, xmin::text from result_code where source = 'one'`);
    const run = await beginRun(database, 'one', 2);
    await run.apply([entry('00001', 'Other.')]);
    await run.end();
    await apply('two', []);
    expect(
      await rows(`select ctid::text, xmin::text from result_code where source = 'one' and vdn_id = 1`),
    ).toEqual(before);
  });

  test('a list of thousands takes as many statements as one of a few', async () => {
    let statements = 0;
    const counting: KyselyPlugin = {
      transformQuery({ node }) {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const counted = { ...database, db: database.db.withPlugin(counting) };
    const taken: number[] = [];
    for (const [source, count] of [
      ['few', 4],
      ['many', 4000],
    ] as const) {
      const list = entries(count);
      const half = list.slice(count / 2).map(({ obsCode }) => entry(obsCode, 'Changed.'));
      for (const next of [list, half, list]) {
        statements = 0;
        await applyInTurn(counted, source, next);
        taken.push(statements);
      }
    }
    expect(taken.slice(3)).toEqual(taken.slice(0, 3));
    const [stored] = await rows(
      `select count(*)::integer as codes from active_result_code where source = 'many'`,
    );
    expect(stored).toEqual({ codes: 4000 });
  });

  test('a code of digits can be joined by its number, any other cannot', async () => {
    const codes = ['00605', '605', '9'.repeat(18), '9'.repeat(19), '-1', '6.5', '٣', ' 7', '1e3'];
    await apply(
      'numbers',
      codes.map((code) => entry(code)),
    );
    const numbers = await rows(`
      select obs_code, obs_code_number::text as number from result_code where source = 'numbers'`);
    expect(new Map(numbers.map((row) => [row.obs_code, row.number]))).toEqual(
      new Map([
        ['00605', '605'],
        ['605', '605'],
        ['9'.repeat(18), '9'.repeat(18)],
        ...codes.slice(3).map((code) => [code, null] as const),
      ]),
    );
  });
});
