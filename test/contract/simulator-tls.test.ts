import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { examples, read } from '../support/documents.ts';
import { askPage } from '../unit/simulator/page.ts';
import { ask } from '../unit/simulator/signed-request.ts';

test.each(['valid', 'self-signed'] as const)(
  'a %s certificate is taken where it is trusted',
  async (certificate) => {
    const { baseUrl, caPem, close } = await startSimulator({ https: true, certificate });
    expect(baseUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await askPage(baseUrl, 25, { ca: caPem })).totalCount).toBe(120);
    expect((await askPage(baseUrl.replace('127.0.0.1', 'localhost'), 25, { ca: caPem })).totalCount).toBe(
      120,
    );
    await close();
  },
);

test('the command of docs/network.md gets the certificate that is enough', async ({ skip }) => {
  if (spawnSync('openssl', ['version']).status !== 0) skip('there is no openssl here');
  const [command = ''] = examples(read('docs/network.md'), 'sh');
  const { baseUrl, close } = await startSimulator({ https: true, certificate: 'self-signed' });
  const toStdout = command.replace(/\d+\.[\d.]+:\d+/, new URL(baseUrl).host).replace(' > ca.pem', '');
  const { stdout } = await promisify(execFile)('sh', ['-c', toStdout]);
  expect((await askPage(baseUrl, 25, { ca: stdout })).totalCount).toBe(120);
  await close();
});

test('each simulator has a CA of its own', async () => {
  const [one, other] = await Promise.all([startSimulator({ https: true }), startSimulator({ https: true })]);
  await expect(ask(one.baseUrl, 25, { ca: other.caPem })).rejects.toHaveProperty('code');
  await Promise.all([one.close(), other.close()]);
});

test('closing ends a connection that never began its TLS handshake', async () => {
  const { baseUrl, close } = await startSimulator({ https: true });
  const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.resume();
  await Promise.all([once(socket, 'close'), close()]);
});
