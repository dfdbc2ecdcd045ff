import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pty from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { type CommandOptions, cleanEnvironment, commandLine } from './command.ts';

export interface TerminalOptions extends CommandOptions {
  /** Default: 120. */
  readonly columns?: number;
}

export interface TerminalCommand {
  /** Resolves once what was written matches; rejects where the command ends or 20 s pass first. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray>;
  /** Presses keys, e.g. `\u0003` for Ctrl-C. */
  press(keys: string): void;
  kill(signal: NodeJS.Signals): void;
  readonly exit: Promise<TerminalResult>;
}

export interface TerminalResult {
  readonly exitCode: number;
  /** Everything that was written, control sequences included: a terminal has one stream for both. */
  readonly stdout: string;
  /** What stands on the screen at the end, scrolled lines included; a line that the terminal itself wrapped is one. */
  readonly lines: readonly string[];
  readonly cursorShown: boolean;
  readonly wraps: boolean;
}

/** Starts `obs-code-sync ARGS` on a pseudo-terminal. */
export function startOnTerminal(args: readonly string[], options: TerminalOptions = {}): TerminalCommand {
  return launchOnTerminal(commandLine(args, options), options);
}

/** Starts any program on a pseudo-terminal; the kernel hangs it up when the tests end. */
function launchOnTerminal(command: readonly string[], options: TerminalOptions = {}): TerminalCommand {
  const [file = '', ...args] = command;
  const { columns = 120, timeoutMs = 50_000 } = options;
  const ownDirectory =
    options.cwd === undefined ? mkdtempSync(path.join(os.tmpdir(), 'obs-command-')) : undefined;
  const env = { ...cleanEnvironment(), TERM: 'xterm-256color', ...options.env };
  const size = { cols: columns, rows: 40 };
  const cwd = options.cwd ?? ownDirectory ?? '.';
  const child = pty.spawn(file, args, { ...size, cwd, env, name: env.TERM });
  const screen = new xterm.Terminal({ ...size, scrollback: 10_000, allowProposedApi: true });
  let stdout = '';
  let ended = false;
  const lookers = new Set<() => void>();
  child.onData((text) => {
    stdout += text;
    screen.write(text);
    for (const look of lookers) look();
  });
  const exit = new Promise<TerminalResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`Still running after ${timeoutMs} ms: ${command.join(' ')}\n${stdout}`));
    }, timeoutMs);
    child.onExit(({ exitCode }) => {
      clearTimeout(timer);
      ended = true;
      for (const look of lookers) look();
      if (ownDirectory !== undefined) rmSync(ownDirectory, { recursive: true, force: true });
      screen.write('', () => resolve({ exitCode, stdout, ...stateOf(screen), cursorShown: isShown(stdout) }));
    });
  });
  exit.catch(() => undefined);
  return {
    waitForOutput: (pattern) =>
      new Promise((resolve, reject) => {
        const finish = (end: () => void) => {
          clearTimeout(timer);
          lookers.delete(look);
          end();
        };
        const fail = (what: string) =>
          finish(() => reject(new Error(`${what} without ${pattern}.\n${stdout}`)));
        const look = () => {
          const match = pattern.exec(stdout);
          if (match !== null) finish(() => resolve(match));
          else if (ended) fail('The command ended');
        };
        const timer = setTimeout(() => fail('20 s passed'), 20_000);
        lookers.add(look);
        look();
      }),
    press: (keys) => child.write(keys),
    kill: (signal) => child.kill(signal),
    exit,
  };
}

function stateOf(screen: InstanceType<typeof xterm.Terminal>) {
  const { buffer, modes } = screen;
  const lines: string[] = [];
  for (let row = 0; row <= buffer.active.baseY + buffer.active.cursorY; row++) {
    const line = buffer.active.getLine(row);
    const text = line?.translateToString(true) ?? '';
    if (line?.isWrapped) lines.push(`${lines.pop() ?? ''}${text}`);
    else lines.push(text);
  }
  return { lines, wraps: modes.wraparoundMode };
}

/** The emulation does not tell. */
function isShown(stdout: string): boolean {
  return stdout.lastIndexOf('\u001b[?25h') >= stdout.lastIndexOf('\u001b[?25l');
}
