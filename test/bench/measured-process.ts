import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../support/command.ts';

/** The cost of a process, by the operating system's own accounting, and its output. */
export interface ProcessFigures {
  /** From before it is started to after it has ended. */
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
  /** The most memory that it had in use at one time. */
  readonly peakMib: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of this project by its path below `test/bench/processes`, or obs-code-sync itself, and its arguments. */
export type Program = readonly [script: string, ...args: string[]];

export const obsCodeSync = '../../../src/main.ts';

const longestRunMs = 20 * 60_000;

/**
 * Runs a program to its end and measures it.
 *
 * @param profiles a directory for V8's CPU profile of the process; undefined: none is made
 * @param nodeFlags what Node is started with besides
 */
export async function measureProcess(
  [script, ...args]: Program,
  profiles: string | undefined,
  nodeFlags: readonly string[] = [],
): Promise<ProcessFigures> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-bench-'));
  const usageFile = path.join(directory, 'usage.json');
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profiles)}`];
  const startedAt = performance.now();
  const process_ = launch(
    [
      ...[process.execPath, ...nodeFlags, ...profiling],
      ...['--import', programFile('usage.ts'), programFile(script), ...args],
    ],
    { env: { BENCH_USAGE_FILE: usageFile }, cwd: directory, timeoutMs: longestRunMs },
  );
  const { exitCode, stdout, stderr } = await process_.exit;
  const wallMs = performance.now() - startedAt;
  try {
    const usage = JSON.parse(await readFile(usageFile, 'utf8')) as Pick<ProcessFigures, 'cpuMs' | 'peakMib'>;
    return { wallMs, ...usage, exitCode, stdout, stderr };
  } catch (cause) {
    throw new Error(`${script} ended with ${exitCode} and left no usage: ${stderr.slice(-2000)}`, { cause });
  } finally {
    await rm(directory, { recursive: true });
  }
}

function programFile(script: string): string {
  return fileURLToPath(new URL(`processes/${script}`, import.meta.url));
}
