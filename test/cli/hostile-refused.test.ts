import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/sync/summary.ts';
import { violations } from '../support/invariants.ts';
import { codeTables, rowVersions } from '../support/row-versions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { refused } from './hostile-values.ts';

test('what cannot be stored as it is fails its VDN with the row, and changes nothing', async () => {
  const vdns = refused.map((_, index) => index + 1);
  const { simulator, sync, url, rows } = await syncSetup({ vdns, source: { retries: 0 } });
  expect(await sync()).toMatchObject({ exitCode: 0 });
  for (const [index, { body }] of refused.entries()) simulator.vdn(index + 1).fault({ kind: 'body', body });
  const stored = await rowVersions(url, codeTables);

  const result = await sync();
  expect(result.exitCode).toBe(5);
  const { outcomes } = result.json() as RunSummary;
  const found = refused.map(({ what }, index) => {
    const one = outcomes.find(({ vdnId }) => vdnId === index + 1);
    return { what, outcome: one?.outcome, errorCode: one?.errorCode, message: one?.message };
  });
  expect(found).toEqual(
    refused.map(({ what, errorCode, message }) => ({
      ...{ what, outcome: 'failed', errorCode },
      message: expect.stringMatching(message),
    })),
  );
  for (const { message = '' } of found) {
    expect(message.length).toBeLessThan(1000);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  expect(await rows('select vdn_id, last_error_message from obs.vdn order by 1')).toEqual(
    found.map(({ message }, index) => ({ vdn_id: index + 1, last_error_message: message })),
  );
  expect(await rowVersions(url, codeTables)).toEqual(stored);
  expect(await violations(url)).toEqual([]);
});
