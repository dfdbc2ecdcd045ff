import { execFileSync } from 'node:child_process';
import { type CommandOptions, commandLine, launch, type RunningCommand } from './command.ts';

/**
 * Starts the command on a pseudo-terminal of 120 columns, made by util-linux's `script`. A terminal has one
 * stream, so stdout holds both, with `\r\n` ends of line.
 */
export function startOnTerminal(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return launchOnTerminal(commandLine(args, options), options);
}

export function launchOnTerminal(command: readonly string[], options: CommandOptions = {}): RunningCommand {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const line = `stty cols 120 rows 40; exec ${quoted.join(' ')}`;
  const env = { TERM: 'xterm-256color', ...options.env };
  return launch(['script', '--quiet', '--return', '--command', line, '/dev/null'], { ...options, env });
}

/** Why this machine can make no pseudo-terminal, for `context.skip(…)`; undefined where it can. */
export function noTerminal(): string | undefined {
  try {
    const version = execFileSync('script', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return version.includes('util-linux') ? undefined : 'the program `script` is not the one of util-linux';
  } catch {
    return 'the program `script` of util-linux is missing';
  }
}
