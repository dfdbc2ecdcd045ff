import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { simulateCommand } from '../../src/commands/simulate.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { launch, type RunningCommand } from '../support/command.ts';
import { askPage } from '../unit/simulator/page.ts';
import { ask } from '../unit/simulator/signed-request.ts';

const module = new URL('../../src/commands/simulate.ts', import.meta.url).href;
const program = `const { simulateCommand } = await import(${JSON.stringify(module)});
await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;

const directory = mkdtempSync(join(tmpdir(), 'obs-simulate-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function simulate(...args: string[]): RunningCommand {
  return launch([process.execPath, '--input-type=module', '-e', program, '--', ...args], {});
}

/** In this process, for what ends before anything is served. */
function parse(args: readonly string[]): Promise<unknown> {
  const command = simulateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parseAsync(args, { from: 'user' });
}

async function baseUrlOf(command: RunningCommand): Promise<string> {
  const [line] = await command.waitForOutput(/\{.*\}\n/);
  return JSON.parse(line).baseUrl;
}

describe('simulate', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'answers until %s and ends with 0 at once, a hanging request or not',
    async (signal) => {
      const command = simulate('--port', '0', '--codes', '7', '--fault', '7=hang', '--fault', '8=status:503');
      const baseUrl = await baseUrlOf(command);
      expect((await askPage(baseUrl, 25)).totalCount).toBe(7);
      expect((await ask(baseUrl, 8)).status).toBe(503);
      const hanging = expect(ask(baseUrl, 7)).rejects.toHaveProperty('code');
      await expect
        .poll(async () => (await fetch(`${baseUrl}/simulator/requests`)).json())
        .toMatchObject({ underWay: 1 });
      command.signal(signal);
      await hanging;
      const { exitCode, stdout, stderr } = await command.exit;
      expect([exitCode, stdout, stderr]).toEqual([0, `${JSON.stringify({ baseUrl, caFile: null })}\n`, '']);
    },
  );

  test('serves HTTPS with a CA that it writes down, and lets in the given keys only', async () => {
    const caFile = join(directory, 'ca.pem');
    const command = simulate(
      ...['--port', '0', '--https', '--ca-out', caFile, '--access-key', 'ak', '--secret-key', 'sk'],
    );
    const baseUrl = await baseUrlOf(command);
    const ca = readFileSync(caFile, 'utf8');
    expect((await ask(baseUrl, 1, { ca, account: { accessKey: 'ak', secretKey: 'sk' } })).status).toBe(200);
    expect((await ask(baseUrl, 1, { ca })).status).toBe(401);
    command.signal('SIGTERM');
    expect((await command.exit).json()).toEqual({ baseUrl, caFile });
  });

  test.each([
    [['--fault', '7=nothing'], 'commander.invalidArgument', /nothing is no fault/],
    [['--port', '70000'], 'commander.invalidArgument', /0 to 65535/],
    [['--codes', 'many'], 'commander.invalidArgument', /whole number/],
    [['--ca-out', 'ca.pem'], 'usage', /add --https/],
    [
      ['--port', '0', '--https', '--ca-out', '/nowhere/ca.pem'],
      'usage',
      /cannot be written to \/nowhere\/ca.pem \(ENOENT\)/,
    ],
    [['--port', '0', '--host', '192.0.2.1'], 'usage', /listen on 192.0.2.1 port 0 \(EADDRNOTAVAIL\)/],
  ])('%j is refused in words', async (args, code, message) => {
    await expect(parse(args)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a port that is in use is named', async () => {
    const taken = await startSimulator();
    const { port } = new URL(taken.baseUrl);
    await expect(parse(['--port', port])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(`cannot listen on 127.0.0.1 port ${port} (EADDRINUSE)`),
    });
    await taken.close();
  });

  test('--help explains faults and the control paths', async () => {
    const { exitCode, stdout } = await simulate('--help').exit;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('short-page:<missing>');
    expect(stdout).toContain('/simulator/vdns/25/codes');
  });
});
