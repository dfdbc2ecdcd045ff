import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { signalGroup } from './process-group.ts';
import { watchdog } from './watchdog.ts';

const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
const main = path.join(projectRoot, 'src/main.ts');

export interface CommandOptions {
  /** Added to the few variables that every command gets. */
  env?: Readonly<Record<string, string>>;
  /** Default: an empty directory of its own, removed when the command has ended. */
  cwd?: string;
  /** Path of the configuration, given to the command as `--config`. */
  config?: string;
  /**
   * After this the whole process group is killed, and the result is an error with its output. Default: 50 s, less than
   * a test may take.
   */
  timeoutMs?: number;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Stdout as exactly one JSON document; throws on anything else. */
  json(): unknown;
}

export interface RunningCommand {
  /** Also the id of its process group. */
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout and stderr together match; rejects where the command ends or `timeoutMs` (20 s) pass first. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Signals the process that was started, and no other; `group` sends it to all, as a terminal's Ctrl-C does. */
  signal(signal: NodeJS.Signals, to?: 'process' | 'group'): void;
  /** Resolves when the process has ended and its output is complete. */
  exit: Promise<CommandResult>;
}

/** Runs `obs-code-sync ARGS` to its end. */
export function run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return start(args, options).exit;
}

/** Starts `obs-code-sync ARGS` and leaves it running. */
export function start(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return launch(commandLine(args, options), options);
}

/**
 * Starts the command the way a user does, `npm start -s -- ARGS`: the process is npm's, the program a child
 * of it. npm runs it in the checkout, with any `cwd`.
 */
export function startThroughNpm(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return launch(['npm', '--prefix', projectRoot, 'start', '-s', '--', ...withConfig(args, options)], options);
}

/** The program and arguments that `start` starts. */
export function commandLine(args: readonly string[], options: CommandOptions): readonly string[] {
  return [process.execPath, main, ...withConfig(args, options)];
}

function withConfig(args: readonly string[], { config }: CommandOptions): readonly string[] {
  return config === undefined ? args : [...args, '--config', config];
}

// With its input at an end, the tests are gone, and what is left of the command's process group must end too.
const endAndRemove = `
read -r line || kill -s KILL -- "-$1"
[ -z "$2" ] || rm -rf "$2"`;

/** Starts any program as the leader of a process group that does not outlive the tests. */
export function launch(command: readonly string[], options: CommandOptions): RunningCommand {
  const [file = '', ...args] = command;
  const ownDirectory =
    options.cwd === undefined ? mkdtempSync(path.join(os.tmpdir(), 'obs-command-')) : undefined;
  const child = spawn(file, args, {
    cwd: options.cwd ?? ownDirectory,
    env: { ...cleanEnvironment(), ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const { release } = watchdog(endAndRemove, String(child.pid), ownDirectory ?? '');
  const exit = ended(child, output, command, options.timeoutMs ?? 50_000).finally(release);
  // A test that looks only at the output must not get an unhandled rejection.
  exit.catch(() => undefined);
  return {
    pid: child.pid ?? Number.NaN,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    waitForOutput: (pattern, timeoutMs = 20_000) => matching(child, output, pattern, timeoutMs),
    signal: (signal, to = 'process') => {
      if (to === 'group') signalGroup(child.pid, signal);
      else child.kill(signal);
    },
    exit,
  };
}

/** The same program starts hundreds of times: with compiled code a start takes half as long. */
const compileCache = path.join(os.tmpdir(), 'obs-code-sync-compiled');

/** Nothing of the developer's shell: no PG…, OBS_…, CI, colours or time zone. */
export function cleanEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR'];
  const kept = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...Object.fromEntries(kept), LANG: 'C.UTF-8', NODE_COMPILE_CACHE: compileCache };
}

interface Output {
  stdout: string;
  stderr: string;
}

function collect(child: ChildProcess): Output {
  const output: Output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  return output;
}

function ended(child: ChildProcess, output: Output, command: readonly string[], timeoutMs: number) {
  return new Promise<CommandResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      signalGroup(child.pid, 'SIGKILL');
      reject(new Error(`Still running after ${timeoutMs} ms: ${command.join(' ')}\n${transcript(output)}`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve(commandResult(exitCode, signal, output));
    });
  });
}

/** The result of a command. */
export function commandResult(
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  output: Output,
): CommandResult {
  return { exitCode, signal, ...output, json: () => oneDocument(output) };
}

function oneDocument(output: Output): unknown {
  try {
    return JSON.parse(output.stdout);
  } catch (cause) {
    throw new Error(`Stdout is not one JSON document.\n${transcript(output)}`, { cause });
  }
}

function matching(child: ChildProcess, output: Output, pattern: RegExp, timeoutMs: number) {
  return new Promise<RegExpExecArray>((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(`${output.stdout}\n${output.stderr}`);
      if (match !== null) finish(() => resolve(match));
    };
    const fail = (what: string) => () =>
      finish(() => reject(new Error(`${what} without ${pattern}.\n${transcript(output)}`)));
    const close = fail('The command ended');
    const timer = setTimeout(fail(`${timeoutMs} ms passed`), timeoutMs);
    const finish = (conclude: () => void) => {
      clearTimeout(timer);
      child.off('close', close);
      child.stdout?.off('data', look);
      child.stderr?.off('data', look);
      conclude();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', close);
    look();
  });
}

const transcript = (output: Output) => `--- stdout\n${output.stdout}\n--- stderr\n${output.stderr}`;
