import type { IncomingHttpHeaders } from 'node:http';
import type { SourceConfig } from '../config/schema.ts';
import { RetriableError, VdnError } from '../errors.ts';
import { type Attempt, observed, retried } from './attempt.ts';
import { download } from './download.ts';
import type { ServerQueue } from './server-queue.ts';
import { sign } from './signer.ts';
import { createTransport } from './transport.ts';

/** Fixed by the interface, mandatory even on a GET. */
const contentType = 'application/json; charset=UTF-8';

export type ClientConfig = Pick<
  SourceConfig,
  | 'baseUrl'
  | 'accessKey'
  | 'secretKey'
  | 'locale'
  | 'timeoutMs'
  | 'retries'
  | 'proxy'
  | 'headers'
  | 'tls'
  | 'signing'
>;

/** One query of one of the server's interfaces. */
export interface SignedGet<T> {
  readonly vdnId: number;
  /** From `/rest`, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Statuses that answer this query and so are not retried. */
  readonly final?: readonly number[];
  /**
   * Parses the body of a 200; where it throws, the attempt has failed.
   *
   * @param hide removes secrets from text that is shown
   */
  readonly parse: (body: Uint8Array, hide: (words: string) => string) => T;
}

export interface SignedClient {
  /**
   * Sends the query, with retries; each attempt is signed and queued.
   *
   * @param onAttempt called for every request that went out
   * @throws VdnError with the code of what the last attempt met
   * @throws the signal's reason where it is aborted
   */
  get<T>(ask: SignedGet<T>, signal: AbortSignal, onAttempt: (attempt: Attempt) => void): Promise<T>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * Sends signed requests to one source's server, for any interface. Requests pass through `queue`, which all sources of
 * the same server share.
 */
export function createSignedClient(source: ClientConfig, queue: ServerQueue): SignedClient {
  const { signing } = source;
  const base = new URL(source.baseUrl);
  const basePath = base.pathname.replace(/\/$/, '');
  // What the server sees, which is what it checks: a balancer may rewrite Host, a gateway the path.
  const host = signing.host ?? base.host;
  const signedBasePath = signing.basePath ?? basePath;
  const secrets = secretsOf(source);
  let anyAnswered = false;
  const transport = createTransport(source, queue.concurrency, {
    ...source.headers,
    'content-type': contentType,
    ...(source.locale === undefined ? {} : { locale: source.locale }),
  });

  async function attempt<T>(
    { path, query, parse }: SignedGet<T>,
    signal: AbortSignal,
    onHeaders: (headers: IncomingHttpHeaders) => void,
  ): Promise<T> {
    const url = new URL(base);
    url.pathname = basePath + path;
    url.search = new URLSearchParams(query).toString();
    const signable = { 'content-type': contentType, host };
    const signedHeaders = Object.fromEntries(signing.headers.map((name) => [name, signable[name]]));
    const { authorization } = sign(
      { method: 'GET', path: signedBasePath + path, query, signedHeaders },
      source,
      new Date(),
      signing.timestamp,
    );
    // Removed before text is shortened and escaped, since a secret could not be found after that.
    const hide = (words: string) => without(words, [...secrets, signatureOf(authorization)]);
    const stream = transport.request(url, { authorization, host }, signal);
    const body = await download(stream, {
      ...{ signal, hide, onHeaders },
      ...{ othersPass: anyAnswered, proxy: transport.proxy, errorOf: transport.errorOf },
    });
    anyAnswered = true;
    return parse(body, hide);
  }

  return {
    get: (ask, signal, onAttempt) => {
      const once = (signal: AbortSignal) =>
        observed(ask.vdnId, onAttempt, (onHeaders) =>
          accepting(ask.final, () => attempt(ask, signal, onHeaders)),
        );
      const queued = (before: RetriableError | undefined) =>
        queue.run(once, { vdnId: ask.vdnId, first: isRefused(before) }, signal);
      // A server that keeps answering 429 does so to every request: together their retries would take an hour.
      const isHopeless = (error: RetriableError) => isRefused(error) && queue.refusals > source.retries;
      return retried(queued, { retries: source.retries, signal, isHopeless });
    },
    close: transport.close,
  };
}

/** A status that is an answer is thrown as an error that nothing retries. */
async function accepting<T>(final: SignedGet<T>['final'], attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof RetriableError && error.status !== undefined && final?.includes(error.status))
      throw new VdnError(error.code, error.message, { status: error.status });
    throw error;
  }
}

const isRefused = (error: RetriableError | undefined) => error?.code === 'rate-limited';

/** A single character would be hidden all over a server's text. */
const shortestSecret = 4;

/** Secrets that no message may show, longest first, so that no part of one is left. */
function secretsOf({ secretKey, headers = {}, proxy }: ClientConfig): string[] {
  const { password = '' } = proxy === undefined ? {} : new URL(proxy);
  // A server sees header values without the blanks around them.
  const further = [
    ...Object.values(headers).map((value) => value.trim()),
    password,
    decodeURIComponent(password),
  ];
  return [secretKey, ...further.filter(({ length }) => length >= shortestSecret)].sort(
    (a, b) => b.length - a.length,
  );
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
}

function signatureOf(authorization: string): string {
  return authorization.slice(authorization.lastIndexOf('/') + 1);
}
