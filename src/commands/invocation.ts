import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Invocation } from '../domain/invocation.ts';

export const defaultConfigFile = 'obs-code-sync.yaml';

/**
 * How this process was called: a command that it prints then finds the same program and the same configuration.
 */
export function invocationOf({
  config = process.env.OBS_CODE_SYNC_CONFIG,
}: {
  readonly config?: string | undefined;
}): Invocation {
  const program = programName();
  const file = config ?? defaultConfigFile;
  // One from the environment is found again.
  const named = config === undefined ? existsSync(file) : config !== process.env.OBS_CODE_SYNC_CONFIG;
  return { program, options: named ? ` --config ${shellWord(path.resolve(file))}` : '' };
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
