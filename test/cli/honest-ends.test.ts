import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandLine, launch, start } from '../support/command.ts';
import { writeConfig } from '../support/configuration.ts';
import { call } from '../support/in-process.ts';
import { until } from '../support/sessions.ts';
import { syncSetup } from '../support/sync-setup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const shell = (script: string, args: string[], config: string) =>
  launch(['sh', '-c', script, 'sh', ...commandLine(args, { config })], {}).exit;

const bug = /This is a bug|^\s+at /m;

describe('an embedded database that is not there', () => {
  test.each([['sync'], ['sync', '--dry-run'], ['check'], ['status'], ['changes'], ['migrate', '--status']])(
    'is refused and not made: %s %s',
    async (...args) => {
      const directory = await temporaryDirectory();
      const config = await writeConfig(directory, {
        database: { url: 'pglite:data' },
        sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1], retries: 0, timeout: '1s' }],
      });
      const { exitCode, stdout, stderr } = await call(args, config);
      expect(exitCode).toBe(7);
      expect((stdout + stderr).replace(/[│\s]+/g, ' ')).toMatch(
        /there is no database in .*data yet\. Run `node .* migrate --config .*`/,
      );
      expect(existsSync(path.join(directory, 'data'))).toBe(false);
    },
  );
});

test.each([
  [['sync', '--dry-run', '--migrate'], /'--migrate' cannot be used with option '--dry-run'/],
  [['sync', '--max-age', '36501d'], /--max-age.*at most 36500d/],
  [['changes', '--since', '99999999d'], /--since.*at most 36500d/],
])('%j is a usage error', async (args, message) => {
  const result = await call(args);
  expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
});

test.each([['status'], ['changes', '--json'], ['sync']])(
  '%s %s to a reader that has gone ends as it would',
  async (...args) => {
    const { config, sync } = await syncSetup({ vdns: [1], codesPerVdn: 10 });
    await sync();
    // The writer outlives its reader: what it ended with goes to stderr.
    const { stderr } = await shell('{ "$@"; echo "ended with $?" >&2; } | true', args, config);
    expect(stderr).toContain('ended with 0');
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
  },
);

test('a right that is missing in the middle of status and changes is 7, and no bug', async () => {
  const { rows, url } = await syncSetup({ vdns: [1] });
  const asStranger = new URL(url);
  const stranger = `stranger_${process.pid}`;
  asStranger.username = stranger;
  asStranger.password = stranger;
  await rows(`create role ${stranger} login password '${stranger}'`);
  onTestFinished(async () => {
    await rows(`drop owned by ${stranger}`);
    await rows(`drop role ${stranger}`);
  });
  await rows(`grant usage on schema obs to ${stranger}`);
  await rows(`grant select on obs.schema_migration to ${stranger}`);
  const config = await writeConfig(await temporaryDirectory(), {
    database: { url: asStranger.href },
    sources: [{ baseUrl: 'http://127.0.0.1:1', vdns: [1] }],
  });
  for (const command of ['status', 'changes']) {
    const { exitCode, stderr } = await call([command], config);
    expect([command, exitCode]).toEqual([command, 7]);
    expect(stderr).toMatch(/the database .* cannot be used: permission denied .*SQLSTATE 42501.*Grant/);
    expect(stderr).not.toMatch(bug);
  }
});

test('Ctrl-C in check is an end like any other', async () => {
  const { config, simulator } = await syncSetup({ vdns: [1], source: { timeout: '60s' } });
  simulator.fault({ kind: 'hang' });
  const command = start(['check'], { config });
  await until('the source hangs', async () => simulator.requests.total > 0);
  command.signal('SIGINT');
  expect(await command.exit).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(/^stopped by SIGINT.*\n$/),
  });
});

describe('output that is not read', () => {
  test('a closed pipe is no error', async () => {
    const { config } = await syncSetup({ vdns: [1] });
    const result = await shell('{ "$@"; echo "ended with $?" >&2; } | :', ['status', '--json'], config);
    expect(result.stderr).toBe('ended with 0\n');
  });

  test('a slow reader gets all output, and the exit code is the command’s', async () => {
    const { config, sync } = await syncSetup({ vdns: ['1-8'], codesPerVdn: 83 });
    await sync();
    // A little more than a pipe holds: the rest is less than what the stream itself would wait for.
    const script = '{ "$@"; echo "ended with $?" >&2; } | { sleep 2; wc -c; }';
    const result = await shell(script, ['export', '--format', 'csv'], config);
    expect(result.stderr).toBe('ended with 0\n');
    expect(Number(result.stdout)).toBeGreaterThan(65_536);
    expect(Number(result.stdout)).toBeLessThan(65_536 + 16_384);
  });

  test('a full disk is one line of output', async ({ skip }) => {
    if (!existsSync('/dev/full')) skip('there is no /dev/full here, which stands for a full disk');
    const { config } = await syncSetup({ vdns: [1] });
    const result = await shell('"$@" > /dev/full', ['status', '--json'], config);
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^The output cannot be written: ENOSPC.*\n$/),
    });
  });
});

describe('a log that cannot be written does not change what a run does and says:', () => {
  test.each([
    ['a full disk', '"$@" 2> /dev/full'],
    // Far more than a pipe holds, and nothing reads it.
    ['a pipe that is not read', 'mkfifo log; sleep 50 0<>log & "$@" 2> log; code=$?; kill $!; exit $code'],
  ])('%s', async (_, script) => {
    const { config, rows } = await syncSetup({ vdns: ['1-300'], source: { concurrency: 10 } });
    const result = await shell(script, ['sync', '--json', '--log-level', 'debug'], config);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.json()).toMatchObject({ runId: 1, exitCode: 0, vdns: { changed: 300 } });
    expect(await rows('select status, exit_code from obs.sync_run')).toEqual([
      { status: 'succeeded', exit_code: 0 },
    ]);
  });
});

test('VDNs that were skipped for one reason share a row, after what was done', async () => {
  const { config, simulator } = await syncSetup({
    vdns: ['1-60'],
    source: { concurrency: 1, timeout: '60s' },
  });
  simulator.vdn(3).fault({ kind: 'hang' });
  const command = start(['sync'], { config });
  await until('a VDN hangs', async () => simulator.requests.ofVdn(3) > 0);
  command.signal('SIGINT');
  const { exitCode, stdout } = await command.exit;
  expect(exitCode).toBe(130);
  expect(stdout.match(/skipped: interrupted/g)).toHaveLength(1);
  expect(stdout).toMatch(/3-60 +skipped: interrupted/);
  expect(stdout.indexOf('10 added')).toBeLessThan(stdout.indexOf('skipped: interrupted'));
});
