import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '../errors.ts';

/** How long the end of a command waits for a log that is not read. */
const flushMs = 2000;

/**
 * Keeps the program going when its output cannot be written. Node writes to pipes in one blocking call: a log that is not
 * read would stop the whole process, with its timers, signals and locks. Nothing that is written is waited for here.
 */
export function keepOutputFromBlocking(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const handle: unknown = Reflect.get(stream, '_handle');
    // Files and terminals have no such handle, or need none.
    if (!stream.isTTY && isPipe(handle)) handle.setBlocking(false);
  }
  // `status | head` closes the pipe, which is fine; a full disk must look neither like a bug nor like success.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode ||= exitCodes.unexpected;
    process.stderr.write(`The output cannot be written: ${error.message}\n`);
  });
  process.stderr.on('error', () => {});
}

function isPipe(handle: unknown): handle is { setBlocking(blocking: boolean): void } {
  return typeof handle === 'object' && handle !== null && 'setBlocking' in handle;
}

/** At the end of a command: what is left of stdout is waited for, a log that is not read for two seconds at the most. */
export async function outputEnds(): Promise<void> {
  await written(process.stdout);
  await Promise.race([written(process.stderr), delay(flushMs, undefined, { ref: false })]);
  if (process.stderr.writableLength > 0) process.exit();
}

/** Resolves when all that was written before is out, or cannot be any more: the stream's own listener tells of errors. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  // Not by `drain`, which comes only after more than the stream's buffer was waiting.
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
