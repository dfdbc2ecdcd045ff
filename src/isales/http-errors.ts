import type { IncomingHttpHeaders } from 'node:http';
import { RequestError, TimeoutError } from 'got';
import { RetriableError, VdnError } from '../errors.ts';

/** A pause longer than this is not waited for: the run would hang on one server's word. */
const longestPauseMs = 60_000;

/** A clock difference beyond this is worth telling; the server refuses signatures that are minutes off. */
const worthTellingMs = 60_000;

/** What an answer other than 200 means. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The error for a status other than 200. 408, 425, 429 and 5xx can pass and are retried, all else is not.
 *
 * @param now this machine's clock, for dates in headers
 */
export function refusalError({ status, headers }: Refusal, now: Date): VdnError {
  const options = { status };
  const pauseMs = retryAfterMs(headers, now);
  if (pauseMs !== undefined && pauseMs > longestPauseMs && passes(status)) {
    return new VdnError(
      'rate-limited',
      `the server answered ${status} and asks to be left alone for ${Math.round(pauseMs / 1000)} s, which is longer than a run ` +
        'waits. Run again later, and lower concurrency or requestsPerSecond for this source.',
      options,
    );
  }
  if (status === 401) return new VdnError('unauthorized', unauthorizedMessage(headers, now), options);
  if (status === 403) return new VdnError('forbidden', forbiddenMessage(headers), options);
  if (status >= 300 && status < 400) {
    return new VdnError(
      'redirect',
      `the server answered ${status} and points elsewhere; that is not followed, since the signature must not ` +
        'travel. Set baseUrl to the address that really serves the interface.',
      options,
    );
  }
  if (status === 429) {
    return new RetriableError(
      'rate-limited',
      'the server answered 429, too many requests. Lower concurrency or set requestsPerSecond for this source.',
      { ...options, retryAfterMs: pauseMs },
    );
  }
  const message = `the server answered ${status}${fromFirewall(status, headers)}`;
  return passes(status)
    ? new RetriableError('http-status', `${message}. Ask its operator if it does not pass.`, {
        ...options,
        retryAfterMs: pauseMs,
      })
    : new VdnError(
        'http-status',
        `${message}. Check baseUrl; the path of the interface is added to it.`,
        options,
      );
}

/** The error for an attempt that got no answer, or not all of it. */
export function transportError(error: unknown, timeoutMs: number): VdnError {
  const code = error instanceof RequestError ? error.code : undefined;
  if (error instanceof TimeoutError) {
    return new RetriableError(
      'timeout',
      `no complete answer within ${timeoutMs / 1000} s. If the server is only slow, raise timeout for this source.`,
    );
  }
  if (code !== undefined && isTlsCode(code)) return new VdnError('tls', tlsMessage(code));
  return new RetriableError(
    'network',
    `the connection failed (${code ?? 'no code'}): ${networkHints[code ?? ''] ?? 'check the address, the network and the server'}.`,
  );
}

/**
 * How far the server's clock is ahead of this machine's, in milliseconds, by its Date header (which has whole
 * seconds); undefined where it sent none.
 */
export function clockDifferenceMs(headers: IncomingHttpHeaders, now: Date): number | undefined {
  const server = Date.parse(headers.date ?? '');
  return Number.isNaN(server) ? undefined : server - now.getTime();
}

function passes(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Retry-After in seconds or as a date of the server's clock (RFC 9110, 10.2.3). */
function retryAfterMs(headers: IncomingHttpHeaders, now: Date): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const serverNow = now.getTime() + (clockDifferenceMs(headers, now) ?? 0);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - serverNow);
}

function unauthorizedMessage(headers: IncomingHttpHeaders, now: Date): string {
  const difference = clockDifferenceMs(headers, now) ?? 0;
  if (Math.abs(difference) > worthTellingMs) {
    const direction = difference > 0 ? 'ahead of' : 'behind';
    return (
      `the server refused the signature (401), and its clock is ${Math.round(Math.abs(difference) / 1000)} s ${direction} this ` +
      'machine’s: signatures are only good for minutes. Put the clock right (NTP) and run again.'
    );
  }
  return (
    'the server refused the signature (401). Check accessKey and secretKey; `check` tries the other documented ' +
    'ways to sign and says which one the server takes.'
  );
}

function forbiddenMessage(headers: IncomingHttpHeaders): string {
  return isHtml(headers)
    ? 'a firewall page came back (403, HTML): have this machine’s outgoing address put on the allow list.'
    : 'the server refuses this access key (403): ask for the right to query OBS result codes, and for this machine’s address to be let through.';
}

function fromFirewall(status: number, headers: IncomingHttpHeaders): string {
  return status === 418 || isHtml(headers)
    ? ' with what looks like a page of a firewall or proxy in between'
    : '';
}

function isHtml(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.includes('html') ?? false;
}

/** OpenSSL's and Node's names for a handshake that did not come about. */
function isTlsCode(code: string): boolean {
  return (
    code in tlsHints ||
    code.startsWith('ERR_TLS') ||
    code.startsWith('ERR_SSL') ||
    code.startsWith('CERT_') ||
    code === 'EPROTO'
  );
}

const unknownAuthority =
  'the certificate is signed by an authority that is not known here: put its CA certificate in a file and name it as tls.caFile';

const tlsHints: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: 'the certificate has expired: have it renewed',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet: check the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another name or address than baseUrl’s: use the name it is for',
  EPROTO:
    'what answers there does not speak TLS: check the port, and whether baseUrl should begin with https',
};

function tlsMessage(code: string): string {
  return `no trusted connection (${code}): ${tlsHints[code] ?? 'the TLS handshake failed'}.`;
}

const networkHints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at that address and port; check baseUrl and the server',
  ENOTFOUND: 'the host name is not known; check baseUrl and DNS',
  EAI_AGAIN: 'the name server did not answer; check DNS',
  ECONNRESET: 'the other side cut it off; a firewall may do so, or the server was restarted',
  ETIMEDOUT: 'no answer from that address; check the route and the firewall',
  EHOSTUNREACH: 'there is no route to that address; check the network',
  ENETUNREACH: 'there is no route to that network; check the network',
};
