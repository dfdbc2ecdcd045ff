import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VdnError } from '../../../src/errors.ts';
import type { OpenDatabase } from '../../../src/store/database.ts';
import { isRecorded, recordFailed, recordHeld } from '../../../src/store/outcomes.ts';
import { recordSkipped } from '../../../src/store/run-log.ts';
import { unchangedRecorder } from '../../../src/store/unchanged.ts';
import { loadVdnStates } from '../../../src/store/vdn-states.ts';
import { entries } from '../../unit/domain/pages.ts';
import { applyInTurn, beginRun, kinds, rowsOf } from './opened.ts';

const hourMs = 3_600_000;

describe.each(Object.entries(kinds))('on %s', (_, open) => {
  let database: OpenDatabase;
  const rows = (statement: string) => rowsOf(database, statement);
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('a failure that is noted twice is noted once, as after a commit nobody heard of', async () => {
    const run = await beginRun(database, 'failing');
    const write = await run.write();
    expect(await isRecorded(database.db, write)).toBe(false);
    for (let time = 0; time < 2; time++) {
      await recordFailed(database.db, write, new VdnError('network', 'gone.'));
      expect(await isRecorded(database.db, write)).toBe(true);
    }
    expect(await rows(`select consecutive_failures from vdn where source = 'failing'`)).toEqual([
      { consecutive_failures: 1 },
    ]);
    await recordSkipped(database.db, run.runId, 'failing', [write.vdnId], 'interrupted', 'late.');
    expect(await rows(`select outcome from sync_run_vdn where run_id = ${run.runId}`)).toEqual([
      { outcome: 'failed' },
    ]);
    await run.end();
  });

  test('what another run held meanwhile leaves held_change once the list is verified', async () => {
    await applyInTurn(database, 'held', entries(6));
    const run = await beginRun(database, 'held');
    const write = await run.write();
    await recordHeld(database.db, write, (await run.compare(entries(1))).difference, 'too much');
    expect(await loadVdnStates(database.db, 'held', [write.vdnId], hourMs)).toMatchObject([{ fresh: false }]);
    await unchangedRecorder(database.db, write)(write, 6);
    expect(await rows(`select source from held_change where source = 'held'`)).toEqual([]);
    expect(await loadVdnStates(database.db, 'held', [write.vdnId], hourMs)).toMatchObject([{ fresh: true }]);
    await run.end();
  });
});
