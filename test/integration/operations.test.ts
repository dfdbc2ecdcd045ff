import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasBlanksAround } from '../../src/domain/result-code.ts';
import { exitCodes, vdnErrorCodes } from '../../src/errors.ts';
import { restoreRunNumbers } from '../../src/store/circumstances.ts';
import { read, sqlUnder } from '../support/documents.ts';
import { codeViolations, violations } from '../support/invariants.ts';
import { testDatabase } from '../support/postgres.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { query } from '../support/template-database.ts';

describe('docs/operations.md', () => {
  test('says what to do for each exit code and each errorCode', () => {
    const firstCells = [...read('docs/operations.md').matchAll(/^\| ([^|]+) \|/gm)].map(
      ([, cell = '']) => cell,
    );
    expect(firstCells).toEqual(expect.arrayContaining(vdnErrorCodes.map((code) => `\`${code}\``)));
    const documented = firstCells.flatMap((cell) => cell.split(', '));
    expect(documented).toEqual(expect.arrayContaining(Object.values(exitCodes).map(String)));
  });

  test('ends the watching of a source, then deletes it, and no other', async () => {
    const { url, sync, rows } = await syncSetup({ sources: ['kept', 'decommissioned'], vdns: [1, 2] });
    await sync();
    const [remove = '', endWatching = ''] = sqlUnder('What is kept, and for how long');
    const left = `select source, count(*)::integer as codes from obs.result_code group by source order by source`;
    await rows(endWatching);
    expect(await rows(left)).toHaveLength(2);
    expect(await rows(`select distinct source from obs.freshness`)).toEqual([{ source: 'kept' }]);
    await rows(remove);
    expect(await rows(left)).toEqual([{ source: 'kept', codes: 20 }]);
    expect(await rows(`select distinct source from obs.vdn`)).toEqual([{ source: 'kept' }]);
    expect(await rows(`select source from obs.source`)).toEqual([{ source: 'kept' }]);
    expect(await codeViolations(url)).toEqual([]);
  });

  test('has the SQL for restarted numbers of runs that `check` gives', () => {
    expect(sqlUnder('Numbers of runs that were restarted')).toEqual([`${restoreRunNumbers('obs')};\n`]);
  });

  test('finds codes whose history was changed by hand, and repairs it', async () => {
    const { url, simulator, sync, rows } = await syncSetup({ vdns: [1] });
    await sync();
    for (const code of ['00602', '00603', '00604']) simulator.vdn(1).change(code, 'Again.');
    simulator.vdn(1).remove('00606');
    await sync();
    const [find = '', repair = ''] = sqlUnder('Tables that were changed by hand');
    expect(await rows(find)).toEqual([]);

    await rows(`delete from obs.result_code_history where obs_code = '00602' and valid_to is null`);
    await rows(`update obs.result_code set obs_code_desc = 'By hand.' where obs_code = '00603'`);
    await rows(
      `update obs.result_code_history set valid_to = null, closed_run_id = null where obs_code = '00606'`,
    );
    const found = await rows(find);
    expect(found.map(({ obs_code }) => obs_code).sort()).toEqual(['00602', '00603', '00606']);
    simulator.vdn(1).change('00602', 'Once more.');
    expect((await sync()).json()).toMatchObject({
      exitCode: 5,
      outcomes: [
        { errorCode: 'database', message: expect.stringContaining('should have a current version') },
      ],
    });

    await rows(repair);
    expect(await rows(find)).toEqual([]);
    // One instant for all that was closed and opened.
    expect(
      await rows(`select count(distinct at)::integer as instants from (
        select valid_to as at from obs.result_code_history where valid_to > now() - interval '1 minute' and obs_code = '00606'
        union all select valid_from from obs.result_code_history where obs_code in ('00602', '00603') and valid_to is null) as a`),
    ).toEqual([{ instants: 1 }]);
    expect((await sync()).json()).toMatchObject({ exitCode: 0, codes: { changed: 2 } });
    expect(await rows(find)).toEqual([]);
    // When 00606 was removed, the history knows only since the repair.
    await rows(`update obs.result_code as c set removed_at = h.valid_to, changed_at = h.valid_to
      from obs.result_code_history as h where (c.obs_code, h.obs_code) = ('00606', '00606')`);
    expect(await violations(url)).toEqual([]);
  });

  test('has alerts that are quiet after a good night, and name what is wrong after a bad one', async () => {
    const { simulator, sync, rows } = await syncSetup({ vdns: ['1-3'] });
    const [trouble = '', lastRun = ''] = sqlUnder('Alerts from the database');
    expect(await rows(lastRun)).toEqual([]);
    await sync();
    expect(await rows(trouble)).toEqual([]);
    expect(await rows(lastRun)).toMatchObject([{ run_id: 1, status: 'succeeded' }]);

    simulator.vdn(1).replace([]);
    simulator.vdn(2).fault({ kind: 'status', status: 404 });
    await sync();
    await rows(`update obs.vdn set last_verified_at = last_verified_at - interval '2 days' where vdn_id = 3`);
    expect(await rows(trouble)).toMatchObject([
      { vdn_id: 1, is_held: true, plan: expect.any(String) },
      { vdn_id: 2, is_failing: true, last_error_code: 'http-status' },
      { vdn_id: 3, is_held: false, is_failing: false },
    ]);
    expect(await rows(lastRun)).toMatchObject([{ run_id: 2, status: 'partial' }]);
  });
});

test('the query for blanks of docs/reporting.md finds the codes that the log warns of, and no others', async () => {
  const reporting = readFileSync(new URL('../../docs/reporting.md', import.meta.url), 'utf8');
  const [, condition = ''] = /^where (obs_code ~ .*);$/m.exec(reporting) ?? [];
  const { url, close } = await testDatabase();
  onTestFinished(close);
  const found = await query(
    url,
    `select point from (
       select point, 'x' || chr(point) as obs_code from generate_series(1, 65535) as point
       where point not between 55296 and 57343) as codes
     where ${condition} order by point`,
  );
  const points = Array.from({ length: 65535 }, (_, index) => index + 1);
  expect(found.map(({ point }) => point)).toEqual(
    points.filter((point) => hasBlanksAround(`x${String.fromCharCode(point)}`)),
  );
});
