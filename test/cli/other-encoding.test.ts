import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { violations } from '../support/invariants.ts';
import { startEmbeddedServer } from '../support/postgres.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { databaseUrl, query } from '../support/template-database.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('a database that cannot hold a text fails the VDNs that have it, and no others', async () => {
  const server = await startEmbeddedServer();
  onTestFinished(() => server.close());
  await query(
    server.url,
    `create database latin template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`,
  );
  const setup = await syncSetup({ vdns: [1, 2, 3], databaseUrl: databaseUrl(server.url, 'latin') });
  const western = [{ obsCode: '00605', obsCodeDesc: 'Très occupé.' }];
  for (const vdnId of [1, 2]) setup.simulator.vdn(vdnId).replace(western);
  setup.simulator.vdn(2).fault({ kind: 'failure', resultCode: '02000007', resultDesc: '参数错误' });
  // The run's row has the arguments.
  const file = path.join(await temporaryDirectory(), '摘要.json');
  const result = await setup.sync('--migrate', '--summary-file', file);
  expect(result.json()).toMatchObject({
    exitCode: 3,
    vdns: { changed: 1, failed: 2 },
    outcomes: [
      { vdnId: 1, outcome: 'changed' },
      { vdnId: 2, errorCode: 'isales-error', message: expect.stringContaining('参数错误') },
      { vdnId: 3, errorCode: 'bad-row', message: expect.stringMatching(/encoding LATIN1 cannot hold.*UTF8/) },
    ],
  });
  expect(
    await setup.rows(
      'select vdn_id, last_error_code as code, last_error_message as message from obs.vdn order by 1',
    ),
  ).toMatchObject([
    { code: null },
    { code: 'isales-error', message: expect.stringContaining('\\u{53c2}') },
    { code: 'bad-row' },
  ]);
  expect(await setup.rows('select obs_code_desc as text from obs.result_code')).toEqual([
    { text: 'Très occupé.' },
  ]);
  expect(await violations(setup.url)).toEqual([]);

  // What a source says is also in the lines of the VDNs that are skipped for it.
  const refused = await syncSetup({ vdns: ['1-20'], databaseUrl: setup.url });
  refused.simulator.fault({ kind: 'body', status: 401, body: '{"error_msg":"签名错误"}' });
  expect((await refused.sync()).json()).toMatchObject({ status: 'failed', exitCode: 5, error: null });
  const skipped = await setup.rows(
    `select error_message as message from obs.sync_run_vdn where outcome = 'skipped'`,
  );
  expect(skipped.length).toBeGreaterThan(0);
  for (const { message } of skipped) expect(message).toContain('\\u{7b7e}');
});
