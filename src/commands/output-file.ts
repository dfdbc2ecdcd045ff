import { once } from 'node:events';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { FatalError } from '../errors.ts';

/**
 * Writes content as it comes, to a file or to stdout. An existing file is replaced when the new one is complete, so
 * that no reader finds half a file.
 *
 * @param file undefined: stdout
 * @param signal ends the writing with its reason
 * @throws FatalError `usage` where the file cannot be written
 */
export async function writeOutput(
  file: string | undefined,
  content: AsyncIterable<Buffer | string>,
  signal: AbortSignal,
): Promise<void> {
  if (file === undefined) return writeToStdout(content, signal);
  const target = await saying(file, () => targetOf(file));
  const handle = await saying(file, () => open(target.writeTo, 'w'));
  try {
    for await (const piece of content) {
      signal.throwIfAborted();
      await saying(file, () => writeWhole(handle, piece));
    }
    await saying(file, () => handle.close());
    if (target.isReplaced) await saying(file, () => rename(target.writeTo, target.path));
  } catch (error) {
    await handle.close().catch(() => {});
    if (target.isReplaced) await rm(target.writeTo, { force: true });
    throw error;
  }
}

async function writeToStdout(content: AsyncIterable<Buffer | string>, signal: AbortSignal): Promise<void> {
  // What is wrong with it main.ts tells.
  let failed = false;
  process.stdout.once('error', () => {
    failed = true;
  });
  for await (const piece of content) {
    signal.throwIfAborted();
    if (failed) return;
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain').catch(() => {});
  }
}

/** A device or a pipe is written as it is; a link is followed, so that it stays one. */
async function targetOf(file: string) {
  const path = await realpath(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return file;
    throw error;
  });
  const isReplaced = await stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
  return { path, isReplaced, writeTo: isReplaced ? `${path}.${process.pid}.part` : path };
}

async function writeWhole(handle: FileHandle, piece: Buffer | string): Promise<void> {
  const bytes = Buffer.from(piece);
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}

async function saying<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new FatalError(
      'usage',
      `The codes cannot be written to ${file}: ${whyNotWritten(cause)}. Name another --output.`,
      { cause },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

/** Why a file cannot be written. The system's message would name the file that takes its place in the end. */
export function whyNotWritten(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return reasons[code] ?? (code || String(cause));
}

/** For commander: the name of a file to write. */
export function fileArgument(text: string): string {
  if (text === '') throw new InvalidArgumentError('a file is expected.');
  return text;
}
