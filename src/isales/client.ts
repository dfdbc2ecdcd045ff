import http from 'node:http';
import https from 'node:https';
import got from 'got';
import pRetry from 'p-retry';
import type { SourceConfig } from '../config/types.ts';
import type { Page } from '../domain/complete-snapshot.ts';
import { RetriableError, VdnError, type VdnErrorCode } from '../errors.ts';
import { clockDifferenceMs, refusalError, transportError } from './http-errors.ts';
import { parsePage } from './response.ts';
import type { ServerQueue } from './server-queue.ts';
import { sign } from './signer.ts';

/** A page of 50 rows is some kilobytes; what is larger than this, decompressed, is no list. */
const largestBody = 5 * 1024 * 1024;

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/** Fixed by the interface, mandatory even on a GET. */
const contentType = 'application/json; charset=UTF-8';

/** One attempt that is over: for counting and for metrics. */
export interface Attempt {
  readonly vdnId: number;
  readonly result: 'ok' | VdnErrorCode;
  readonly durationMs: number;
  /** How far the server's clock is ahead of this machine's, by its Date header; undefined where there was none. */
  readonly clockDifferenceMs: number | undefined;
}

export interface IsalesClient {
  /**
   * Reads one page, with retries.
   *
   * @param pageNum counted from 1
   * @param onAttempt called for every request that went out
   * @throws VdnError with the code of what the last attempt met
   * @throws the signal's reason where it is aborted
   */
  fetchPage(ask: PageRequest, signal: AbortSignal, onAttempt: (attempt: Attempt) => void): Promise<Page>;
  /** Closes idle connections. */
  close(): void;
}

export interface PageRequest {
  readonly vdnId: number;
  readonly pageNum: number;
  readonly pageSize: number;
}

type ClientConfig = Pick<
  SourceConfig,
  'baseUrl' | 'accessKey' | 'secretKey' | 'locale' | 'timeoutMs' | 'retries' | 'tls' | 'signing'
>;

/**
 * A client of one source. Requests pass through `queue`, which all sources of the same server share.
 */
export function createClient(source: ClientConfig, queue: ServerQueue): IsalesClient {
  const base = new URL(source.baseUrl);
  const agentOptions = { keepAlive: true, maxSockets: queue.concurrency };
  const agents = { http: new http.Agent(agentOptions), https: new https.Agent(agentOptions) };
  // got is the client that this project's users chose, and stays; what it costs is in docs/performance.md.
  const request = got.extend({
    agent: agents,
    // Retries are made outside, so that each attempt is signed anew and waits for its turn.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    timeout: { request: source.timeoutMs },
    https: {
      rejectUnauthorized: !source.tls.insecureSkipVerify,
      ...(source.tls.ca === undefined ? {} : { certificateAuthority: source.tls.ca }),
    },
    headers: {
      'content-type': contentType,
      ...(source.locale === undefined ? {} : { locale: source.locale }),
    },
  });

  async function attempt(
    ask: PageRequest,
    signal: AbortSignal,
    onHeaders: (headers: http.IncomingHttpHeaders) => void,
  ): Promise<Page> {
    const query = { pageSize: String(ask.pageSize), pageNum: String(ask.pageNum) };
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}/rest/isales/v1/openapi/campaigns/${ask.vdnId}/queryOBSResultCode`;
    url.search = new URLSearchParams(query).toString();
    const signable = { 'content-type': contentType, host: url.host };
    const signedHeaders = Object.fromEntries(source.signing.headers.map((name) => [name, signable[name]]));
    const { authorization } = sign(
      { method: 'GET', path: url.pathname, query, signedHeaders },
      source,
      new Date(),
      source.signing.timestamp,
    );
    const body = await download(url, { authorization, host: url.host }, signal, onHeaders);
    // Before its words are cut short and escaped for a message, since neither form would be recognised.
    const secrets = [source.secretKey, signatureOf(authorization)];
    return parsePage(body, ask.pageNum, (words) => without(words, secrets));
  }

  async function download(
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
    onHeaders: (headers: http.IncomingHttpHeaders) => void,
  ): Promise<Uint8Array> {
    const stream = request.stream(url, { headers, signal });
    let refusal: VdnError | undefined;
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      stream.once('response', ({ statusCode: status, headers }) => {
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
      throw refusal ?? (error instanceof VdnError ? error : transportError(error, source.timeoutMs));
    } finally {
      stream.destroy();
    }
  }

  async function observed(ask: PageRequest, signal: AbortSignal, onAttempt: (attempt: Attempt) => void) {
    const startedAt = performance.now();
    let clockDifference: number | undefined;
    const report = (result: Attempt['result']) =>
      onAttempt({
        vdnId: ask.vdnId,
        result,
        durationMs: performance.now() - startedAt,
        clockDifferenceMs: clockDifference,
      });
    try {
      const page = await attempt(ask, signal, (headers) => {
        clockDifference = clockDifferenceMs(headers, new Date());
      });
      report('ok');
      return page;
    } catch (error) {
      report(error instanceof VdnError ? error.code : 'interrupted');
      throw error;
    }
  }

  return {
    fetchPage(ask, signal, onAttempt) {
      const pausing = async () => {
        try {
          return await observed(ask, signal, onAttempt);
        } catch (error) {
          // Before the slot is free: the next request in the queue must not slip through.
          if (error instanceof RetriableError && error.retryAfterMs !== undefined)
            queue.pause(error.retryAfterMs);
          throw error;
        }
      };
      return pRetry(() => queue.run(pausing, signal), {
        retries: source.retries,
        minTimeout: firstBackoffMs,
        maxTimeout: longestBackoffMs,
        randomize: true,
        signal,
        shouldRetry: ({ error }) => error instanceof RetriableError,
      });
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
}

function signatureOf(authorization: string): string {
  return authorization.slice(authorization.lastIndexOf('/') + 1);
}

function tooLarge(): VdnError {
  return new VdnError(
    'too-large',
    `the answer is larger than ${largestBody / 1024 / 1024} MiB and was cut off. Lower pageSize for this source, and have ` +
      'its operator look at what the server sends.',
  );
}
