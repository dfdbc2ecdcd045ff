import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

export interface Watchdog {
  /** Lets the script clean up; resolves when it has ended. */
  release(): Promise<void>;
}

/**
 * Starts a shell script that shall clean up after this process even where it is killed: the script's `read`
 * gets a line on `release`, and the end of its input when this process ends without (vitest kills its workers,
 * whose `exit` handlers never run).
 */
export function watchdog(script: string, ...args: string[]): Watchdog {
  const shell = spawn('sh', ['-c', script, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    release: () => {
      shell.ref();
      shell.stdin.end('\n');
      return gone;
    },
  };
}
