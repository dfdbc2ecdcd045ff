import { describe, expect, test } from 'vitest';
import { run } from '../support/command.ts';
import { call } from '../support/in-process.ts';

const commands = ['sync', 'schedule', 'migrate', 'check', 'status', 'changes', 'simulate', 'demo'];

test('without a command: what there is, exit 2', async () => {
  const result = await call([]);
  expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  for (const command of commands) expect(result.stderr).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
});

test('--help and --version go to stdout and end well', async () => {
  const [help, version] = await Promise.all([run(['--help']), run(['--version'])]);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const command of commands) expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  expect(version).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test.each(commands)('%s --help has the options that every command has, and examples', async (command) => {
  const { exitCode, stdout, stderr } = await call([command, '--help']);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(new RegExp(`^Usage: node /.*/src/main.ts ${command} `));
  for (const option of ['--help', '--config', '--log-level']) expect(stdout).toContain(option);
  expect(stdout).toMatch(/^Examples:\n {2}node \/.*\/src\/main\.ts /m);
});

describe('what is mistyped is refused with exit 2, and what was meant', () => {
  test.each<[string[], RegExp]>([
    [['snyc'], /unknown command 'snyc'\n\(Did you mean sync\?\)/],
    [['migrat'], /Did you mean migrate\?/],
    [['sync', '--dryrun'], /unknown option '--dryrun'\n\(Did you mean --dry-run\?\)/],
    [['sync', '--sorce', 'prod'], /Did you mean --source\?/],
    [['migrate', '--stats'], /Did you mean --status\?/],
    [['sync', 'prod'], /too many arguments for 'sync'/],
    [['sync', '--source'], /option '--source <name>' argument missing/],
    [['sync', '--vdn', '1,two'], /--vdn.*"two"/],
    [['sync', '--max-age', '6'], /--max-age.*6/],
    [['sync', '--approve', 'yes'], /--approve.*16 hex digits/],
    [['sync', '--log-level', 'loud'], /--log-level.*Allowed choices are fatal, error/],
  ])('%j', async (args, message) => {
    const result = await call(args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
    expect(result.stderr).toMatch(/Run with --help/);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });
});

test('the configuration is looked for where the option, then where the variable says', async () => {
  const env = { OBS_CODE_SYNC_CONFIG: '/nowhere/of-variable.yaml' };
  const [both, variable, neither] = await Promise.all([
    run(['sync', '--config', '/nowhere/of-option.yaml'], { env }),
    run(['sync'], { env }),
    run(['sync']),
  ]);
  expect([both, variable, neither].map(({ exitCode }) => exitCode)).toEqual([2, 2, 2]);
  expect(both.stderr).toMatch(/no configuration file \/nowhere\/of-option\.yaml \(named by --config\)/);
  expect(variable.stderr).toMatch(
    /no configuration file \/nowhere\/of-variable\.yaml \(named by OBS_CODE_SYNC_CONFIG\)/,
  );
  expect(neither.stderr).toMatch(
    /no configuration file \/.*\/obs-code-sync\.yaml \(named by default\)\. Copy obs/,
  );
});
