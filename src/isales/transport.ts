import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, type ZlibOptions } from 'node:zlib';
import { Agent } from 'undici';
import type { SourceConfig } from '../config/types.ts';
import { largestBody, refusalError, timeoutError, transportError } from './http-errors.ts';

const unpack = promisify<Uint8Array, ZlibOptions, Uint8Array>(gunzip);

/** Some firewalls refuse whoever does not say its name. */
const everyRequest = { 'user-agent': 'obs-code-sync', 'accept-encoding': 'gzip' };

/** The connections to one server. */
export interface Transport {
  /**
   * Fetches what stands at a path: one attempt.
   *
   * @param path with its query, exactly as it was signed
   * @param headers with `host`, exactly as it was signed
   * @param onHeaders called as soon as there is an answer of whatever status
   * @returns the unpacked body of an HTTP 200
   * @throws VdnError with the code of what went wrong; the signal's reason where it is aborted
   */
  get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onHeaders: (headers: IncomingHttpHeaders) => void,
  ): Promise<Uint8Array>;
  /** Ends all connections, whatever is under way. */
  close(): void;
}

/** @param connections kept at most */
export function openTransport(
  { baseUrl, timeoutMs, tls }: Pick<SourceConfig, 'baseUrl' | 'timeoutMs' | 'tls'>,
  connections: number,
): Transport {
  const { origin } = new URL(baseUrl);
  const agent = new Agent({
    connections,
    maxResponseSize: largestBody,
    // One limit counts for the whole attempt, below; these begin anew with every piece that arrives.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: timeoutMs,
      rejectUnauthorized: !tls.insecureSkipVerify,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    },
  });

  return {
    async get(path, headers, signal, onHeaders) {
      const end = new AbortController();
      const timer = setTimeout(() => end.abort(timeoutError(timeoutMs)), timeoutMs);
      const interrupt = () => end.abort(signal.reason);
      signal.addEventListener('abort', interrupt);
      try {
        signal.throwIfAborted();
        const request = {
          origin,
          path,
          method: 'GET',
          headers: { ...headers, ...everyRequest },
          signal: end.signal,
        } as const;
        const { statusCode: status, headers: answered, body } = await agent.request(request);
        onHeaders(answered);
        if (status !== 200) {
          // Nobody reads it to its end, which is an error to the stream and to nobody else.
          body.on('error', () => {}).destroy();
          throw refusalError({ status, headers: answered }, new Date());
        }
        const bytes = await body.bytes();
        return answered['content-encoding'] === 'gzip'
          ? await unpack(bytes, { maxOutputLength: largestBody })
          : bytes;
      } catch (error) {
        end.signal.throwIfAborted();
        throw transportError(error, timeoutMs);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', interrupt);
      }
    },
    close() {
      void agent.destroy();
    },
  };
}
