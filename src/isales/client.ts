import type { IncomingHttpHeaders } from 'node:http';
import pRetry from 'p-retry';
import type { SourceConfig } from '../config/types.ts';
import type { Page } from '../domain/complete-snapshot.ts';
import { RetriableError, VdnError, type VdnErrorCode } from '../errors.ts';
import { clockDifferenceMs } from './http-errors.ts';
import { parsePage } from './response.ts';
import type { ServerQueue } from './server-queue.ts';
import { sign } from './signer.ts';
import { openTransport } from './transport.ts';

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
  const { host, pathname } = new URL(source.baseUrl);
  const campaigns = `${pathname.replace(/\/$/, '')}/rest/isales/v1/openapi/campaigns`;
  const transport = openTransport(source, queue.concurrency);
  const signable = { 'content-type': contentType, host };
  const signedHeaders = Object.fromEntries(source.signing.headers.map((name) => [name, signable[name]]));
  const locale = source.locale === undefined ? {} : { locale: source.locale };

  async function attempt(
    { vdnId, pageNum, pageSize }: PageRequest,
    signal: AbortSignal,
    onHeaders: (headers: IncomingHttpHeaders) => void,
  ): Promise<Page> {
    const path = `${campaigns}/${vdnId}/queryOBSResultCode`;
    const query = { pageSize: String(pageSize), pageNum: String(pageNum) };
    const { authorization } = sign(
      { method: 'GET', path, query, signedHeaders },
      source,
      new Date(),
      source.signing.timestamp,
    );
    const body = await transport.get(
      `${path}?${new URLSearchParams(query)}`,
      { ...signable, ...locale, authorization },
      signal,
      onHeaders,
    );
    // Before its words are cut short and escaped for a message, since neither form would be recognised.
    const secrets = [source.secretKey, signatureOf(authorization)];
    return parsePage(body, pageNum, (words) => without(words, secrets));
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
      return pRetry(() => queue.run(() => observed(ask, signal, onAttempt), signal), {
        retries: source.retries,
        minTimeout: firstBackoffMs,
        maxTimeout: longestBackoffMs,
        randomize: true,
        signal,
        onFailedAttempt: ({ error }) => {
          if (error instanceof RetriableError && error.retryAfterMs !== undefined)
            queue.pause(error.retryAfterMs);
        },
        shouldRetry: ({ error }) => error instanceof RetriableError,
      });
    },
    close: transport.close,
  };
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
}

function signatureOf(authorization: string): string {
  return authorization.slice(authorization.lastIndexOf('/') + 1);
}
