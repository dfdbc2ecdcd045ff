import { expect, test } from 'vitest';
import { run } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { startReceiver } from '../support/receiver.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A sync whose notifications go to the receiver. */
async function toldSync(url: string, env?: Record<string, string>) {
  const setup = await syncSetup({ vdns: ['1-4'], source: { retries: 0, proxy: 'none' }, notify: { url } });
  if (env === undefined) return setup;
  const sync = (...args: string[]) => run(['sync', '--json', ...args], { config: setup.config, env });
  return { ...setup, sync };
}

test('a notification comes once when it begins and once when it is over, with commands that work', async () => {
  const { url, messages } = await startReceiver();
  const { simulator, sync, config } = await toldSync(url);
  const texts = () => messages.map(({ text }) => text);
  expect(await sync()).toMatchObject({ exitCode: 0 });
  expect(texts()).toEqual([]);

  for (const vdnId of [2, 3]) simulator.vdn(vdnId).replace([]);
  simulator.vdn(1).fault({ kind: 'failure', resultCode: '02000007', resultDesc: '<!channel> & co' });
  expect(await sync('--dry-run')).toMatchObject({ exitCode: 3 });
  expect(texts()).toEqual([]);
  expect(await sync()).toMatchObject({ exitCode: 3 });
  expect(messages).toMatchObject([{ summary: { runId: 2, status: 'partial' } }]);
  const [held = '', failing = ''] = texts()[0]?.split('\n') ?? [];
  expect(held).toMatch(/^test: 2 VDNs 2-3 held: .*10 codes.* sync --approve [0-9a-f]{16} --config /);
  expect(held).toContain(` --config ${config}\``);
  expect(failing).toMatch(/^test: VDN 1 failing: isales-error: .*&lt;!channel&gt; &amp; co/);
  expect(failing).toContain(' status ');

  // The same again is no news.
  expect(await sync()).toMatchObject({ exitCode: 3 });
  expect(messages).toHaveLength(1);

  // While one of them is held still, it is not over.
  simulator.vdn(1).clearFaults();
  expect(await sync()).toMatchObject({ exitCode: 4 });
  expect(messages).toHaveLength(1);

  const [, approval = ''] = /sync (--approve [0-9a-f]{16})/.exec(held) ?? [];
  expect(await sync(...approval.split(' '))).toMatchObject({ exitCode: 0 });
  expect(texts()[1]).toBe('test: it is over, none of its VDNs is held or failing any more.');
  expect(await sync()).toMatchObject({ exitCode: 0 });
  expect(messages).toHaveLength(2);
});

test.each([
  { receiver: 'a dead one', url: async () => 'http://127.0.0.1:1/hooks/Zq7secret', why: 'ECONNREFUSED' },
  {
    receiver: 'one that redirects',
    url: async () => (await startReceiver(302, (await startReceiver()).url)).url,
    why: 'status 302; redirects are not followed',
  },
  { receiver: 'one that fails', url: async () => (await startReceiver(500)).url, why: 'status 500' },
])('$receiver costs a warning, and nothing else', async ({ url, why }) => {
  const { sync, simulator } = await toldSync(await url());
  simulator.vdn(1).fault({ kind: 'failure', resultCode: '02000007' });
  const { exitCode, stdout, stderr } = await sync();
  expect(exitCode).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'partial' });
  expect(stderr).toContain('the notification of this run failed: ');
  expect(stderr).toContain(why);
  expect(stdout + stderr).not.toContain('Zq7secret');
});

test('the proxy of the environment is asked, for loopback too', async () => {
  const proxy = await startReceiver();
  const { sync, simulator } = await toldSync('http://127.0.0.1:1/hook', {
    HTTP_PROXY: new URL(proxy.url).host,
  });
  simulator.vdn(1).fault({ kind: 'failure', resultCode: '02000007' });
  expect(await sync()).toMatchObject({ exitCode: 3 });
  expect(proxy.asked.at(-1)).toBe('POST http://127.0.0.1:1/hook');
  expect(proxy.messages.at(-1)?.text).toContain('VDN 1 failing');
});

test('each run that the database refuses is a notification', async () => {
  const { url, messages } = await startReceiver();
  const setup = await syncSetup({ vdns: [1] });
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: setup.url, schema: 'elsewhere' },
    sources: [{ baseUrl: setup.simulator.baseUrl, vdns: [1] }],
    notify: { url },
  });
  for (const told of [1, 2]) {
    expect(await call(['sync', '--json'], config)).toMatchObject({ exitCode: 7 });
    expect(messages).toHaveLength(told);
  }
  expect(messages).toMatchObject([{ summary: { runId: null, status: 'refused', exitCode: 7 } }, {}]);
  expect(messages[0]?.text).toMatch(/^The sync failed: .* check --config /s);
});
