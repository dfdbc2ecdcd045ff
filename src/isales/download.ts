import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request } from 'got';
import { VdnError } from '../errors.ts';
import { refusalError } from './http-errors.ts';
import { refusalText } from './refusal-text.ts';

/** A page of 50 rows has a few kilobytes; a decompressed body larger than this is not a list. */
const largestBody = 5 * 1024 * 1024;

/** The most that is read of a refusal's body. */
const largestRefusal = 64 * 1024;
/** The longest wait for it: its status matters more. */
const longestRefusalMs = 1_000;

export interface Download {
  readonly signal: AbortSignal;
  /** Removes secrets from the server's text. */
  readonly hide: (words: string) => string;
  readonly onHeaders: (headers: IncomingHttpHeaders) => void;
  /** Whether other requests of this source have been answered. */
  readonly othersPass: boolean;
  /** The proxy on the way, as it may be shown. */
  readonly proxy: string | undefined;
  readonly errorOf: (error: unknown) => Promise<VdnError>;
}

/**
 * The body of a 200, decompressed.
 *
 * @throws VdnError for everything else, without a trace of the request
 * @throws the signal's reason where it is aborted
 */
export async function download(stream: Request, how: Download): Promise<Uint8Array> {
  const { signal, hide, onHeaders, othersPass, proxy } = how;
  let answer: { status: number; headers: IncomingHttpHeaders } | undefined;
  const chunks: Uint8Array[] = [];
  let failure: unknown;
  let cutOff: NodeJS.Timeout | undefined;
  try {
    stream.once('response', ({ statusCode: status = 0, headers }: IncomingMessage) => {
      onHeaders(headers);
      answer = { status, headers };
      if (status !== 200) cutOff = setTimeout(() => stream.destroy(), longestRefusalMs);
    });
    let size = 0;
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (answer?.status !== 200 && size > largestRefusal) break;
      if (size > largestBody) throw tooLarge();
    }
  } catch (error) {
    failure = error;
  } finally {
    clearTimeout(cutOff);
    stream.destroy();
  }
  signal.throwIfAborted();
  if (answer !== undefined && answer.status !== 200) {
    const said = refusalText(Buffer.concat(chunks).toString('utf8'), hide);
    throw refusalError({ ...answer, said, othersPass, proxy }, new Date());
  }
  if (failure instanceof VdnError) throw failure;
  // got's errors carry the request with its Authorization header in enumerable properties, so they are not even kept
  // as a cause.
  if (failure !== undefined) throw await how.errorOf(failure);
  return Buffer.concat(chunks);
}

function tooLarge(): VdnError {
  return new VdnError(
    'too-large',
    `the answer is larger than ${largestBody / 1024 / 1024} MiB and was cut off. Lower pageSize for this source, and have ` +
      'its operator look at what the server sends.',
  );
}
