import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { run } from '../support/command.ts';
import { call } from '../support/in-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startOnTerminal } from '../support/terminal.ts';
import { accessKey, leaks, markedDatabase, secretKey } from './secrets-marks.ts';

const commands = ['sync', 'migrate', 'check', 'status', 'changes', 'schedule'] as const;

/** Configurations that are refused, each with secrets in it or beside it. */
const refused: Readonly<Record<string, string>> = {
  'YAML that ends too early': 'sources:\n  - {name: a, secretKey: $SECRET',
  'a key of the wrong name': 'database: {url: $URL}\nsources: [{name: a, secretkey: $SECRET}]',
  'a database URL that is none': 'database: {url: "$URL#x"}\nsources: []',
  'a base URL with credentials':
    'database: {url: $URL}\nsources: [{name: a, baseUrl: "https://u:$SECRET@h/", accessKey: a, secretKey: $SECRET, vdns: [1]}]',
};

test.each(Object.entries(refused))('no command shows a secret of %s', async (what, text) => {
  const directory = await temporaryDirectory();
  const config = path.join(directory, 'obs-code-sync.yaml');
  const secrets = { SECRET: 'SKmarked7', URL: 'postgres://u:PWmarked7@h/db' };
  await writeFile(
    config,
    text.replaceAll(/\$(SECRET|URL)/g, (_, name: keyof typeof secrets) => secrets[name]),
  );
  // All of them read the configuration in one and the same way.
  const failing = what.startsWith('YAML') ? commands : (['sync', 'check'] as const);
  const results = await Promise.all(
    failing.map((command) => call([command, '--log-level', 'trace'], config)),
  );
  for (const { exitCode, stdout, stderr } of results) {
    expect(exitCode).toBe(2);
    expect(leaks(stdout + stderr)).toEqual([]);
  }
});

test('secrets from files and variables do not show either', async () => {
  const marked = await markedDatabase();
  const directory = await temporaryDirectory();
  const config = path.join(directory, 'obs-code-sync.yaml');
  const url = new URL(marked.url);
  url.password = '';
  await writeFile(path.join(directory, 'sk'), `${secretKey}\n`);
  await writeFile(
    config,
    `database: { url: "${url.href}" }
sources:
  - { name: a, baseUrl: "http://127.0.0.1:9", accessKey: "\${AK}", secretKey: "\${file:${directory}/sk}", vdns: [1], retries: 0 }`,
  );
  try {
    const env = { AK: accessKey, PGPASSWORD: marked.password };
    const synced = await run(['sync', '--json', '--log-level', 'trace'], { config, env });
    expect(synced.json()).toMatchObject({ exitCode: 5, outcomes: [{ errorCode: 'network' }] });
    const wrong = await run(['sync', '--json'], {
      config,
      env: { ...env, PGPASSWORD: `${marked.password}x` },
    });
    expect(wrong.json()).toMatchObject({
      exitCode: 7,
      error: { message: expect.stringContaining('password') },
    });
    for (const { stdout, stderr } of [synced, wrong]) expect(leaks(stdout + stderr)).toEqual([]);
  } finally {
    await marked.close();
  }
});

test('simulate does not show the key that it was given', async () => {
  const keys = ['--access-key', accessKey, '--secret-key', secretKey];
  const taken = await startSimulator();
  const { port } = new URL(taken.baseUrl);
  const refused = await run(['simulate', '--port', port, ...keys]);
  await taken.close();
  expect(refused.exitCode).toBe(2);
  expect(leaks(refused.stdout + refused.stderr)).toEqual([]);
  const running = startOnTerminal(['simulate', '--port', '0', ...keys]);
  await running.waitForOutput(/vdns:/);
  running.kill('SIGTERM');
  const { stdout } = await running.exit;
  expect(stdout).toContain(accessKey);
  expect(leaks(stdout)).toEqual([]);
});
