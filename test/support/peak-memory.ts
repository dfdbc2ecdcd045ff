import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunningCommand } from './command.ts';

/**
 * The most memory that a command had in use at one time, in MiB, by Linux's own high-water mark of the process;
 * what it did in its last few milliseconds may be missing. Undefined where there is no /proc.
 */
export async function peakMemory(command: RunningCommand): Promise<number | undefined> {
  let peak: number | undefined;
  let ended = false;
  const end = command.exit.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    peak = highWaterMark(command.pid) ?? peak;
    await Promise.race([end, pause(20)]);
  }
  return peak;
}

function highWaterMark(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}
