import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import type { Invocation } from '../domain/invocation.ts';

export const defaultConfigFile = 'obs-code-sync.yaml';

/**
 * How this process was called: a command that it prints then finds the same program and the same configuration.
 *
 * @param command the command under way; only its own options are read
 */
export function invocationOf(command: Command): Invocation {
  const named: unknown = command.getOptionValue('config');
  // One from the environment is found again.
  if (command.getOptionValueSource('config') === 'env') return { program: programName(), options: '' };
  const file = typeof named === 'string' ? named : defaultConfigFile;
  const found = typeof named === 'string' || existsSync(file);
  return { program: programName(), options: found ? ` --config ${shellWord(path.resolve(file))}` : '' };
}

/** How the program was called, for commands that a person shall copy. */
export function programName(): string {
  const { npm_lifecycle_event: script } = process.env;
  if (script === 'npx') return 'npx obs-code-sync';
  if (script === 'start' || script === 'demo') return 'npm start -s --';
  const file = process.argv[1] ?? '';
  return /\.[jt]s$/.test(file) ? `node ${shellWord(file)}` : path.basename(file);
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
