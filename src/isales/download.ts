import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request } from 'got';
import { VdnError } from '../errors.ts';
import { refusalError, transportError } from './http-errors.ts';

/** A page of 50 rows is some kilobytes; what is larger than this, decompressed, is no list. */
const largestBody = 5 * 1024 * 1024;

export interface Download {
  readonly signal: AbortSignal;
  /** Of the request, for the message. */
  readonly timeoutMs: number;
  /** Takes secrets out of what the server says. */
  readonly hide: (words: string) => string;
  readonly onHeaders: (headers: IncomingHttpHeaders) => void;
}

/**
 * The body of a 200, decompressed.
 *
 * @throws VdnError for everything else, without a trace of the request
 * @throws the signal's reason where it is aborted
 */
export async function download(
  stream: Request,
  { signal, timeoutMs, onHeaders }: Download,
): Promise<Uint8Array> {
  let refusal: VdnError | undefined;
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    stream.once('response', ({ statusCode: status = 0, headers }: IncomingMessage) => {
      onHeaders(headers);
      if (status === 200) return;
      refusal = refusalError({ status, headers }, new Date());
      stream.destroy(refusal);
    });
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > largestBody) throw tooLarge();
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    // got's errors carry the request with its Authorization header in enumerable properties, so they are
    // not even kept as a cause.
    throw refusal ?? (error instanceof VdnError ? error : transportError(error, timeoutMs));
  } finally {
    stream.destroy();
  }
}

function tooLarge(): VdnError {
  return new VdnError(
    'too-large',
    `the answer is larger than ${largestBody / 1024 / 1024} MiB and was cut off. Lower pageSize for this source, and have ` +
      'its operator look at what the server sends.',
  );
}
