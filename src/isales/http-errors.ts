import type { IncomingHttpHeaders } from 'node:http';
import { RetriableError, VdnError } from '../errors.ts';
import { proxyRefusal } from './transport-errors.ts';

/** The longest pause that a run waits for: otherwise one server could make it hang. */
const longestPauseMs = 60_000;

/** A larger clock difference is reported; the server refuses signatures that are minutes off. */
const clockHintMs = 60_000;

/** An answer other than 200. */
export interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The text of its body, harmless and in quotes; undefined where there is none. */
  readonly said?: string | undefined;
  /** Other requests of this source have been answered. */
  readonly othersPass?: boolean;
  /** The proxy on the way, as it may be shown. */
  readonly proxy?: string | undefined;
}

/**
 * The error for a status other than 200. 408, 425, 429 and 5xx may pass and are retried, others are not.
 *
 * @param now this machine's clock, for dates in headers
 */
export function refusalError(refusal: Refusal, now: Date): VdnError {
  const { status, headers, proxy } = refusal;
  const options = { status };
  if (status === 407 && proxy !== undefined) return proxyRefusal(status, proxy);
  const pauseMs = retryAfterMs(headers, now);
  const said = refusal.said === undefined ? '' : `, and says ${refusal.said}`;
  if (pauseMs !== undefined && pauseMs > longestPauseMs && passes(status)) {
    return new VdnError(
      'rate-limited',
      `the server answered ${status} and wants no request for ${Math.round(pauseMs / 1000)} s, which is longer than a run ` +
        `waits${said}. Run again later, and lower concurrency or requestsPerSecond for this source.`,
      options,
    );
  }
  if (status === 401) return new VdnError('unauthorized', unauthorizedMessage(refusal, said, now), options);
  if (status === 403) return new VdnError('forbidden', forbiddenMessage(refusal, said), options);
  if (status >= 300 && status < 400) {
    return new VdnError(
      'redirect',
      `the server answered ${status} and points elsewhere${said}; that is not followed, since the signature must not ` +
        'travel. Set baseUrl to the address that really serves the interface.',
      options,
    );
  }
  if (status === 429) {
    return new RetriableError(
      'rate-limited',
      `the server answered 429, too many requests${said}. Lower concurrency or set requestsPerSecond for this source.`,
      { ...options, retryAfterMs: pauseMs },
    );
  }
  const message = `the server answered ${status}${fromFirewall(status, headers)}${said}`;
  const advice = firewallAdvice[status];
  return passes(status)
    ? new RetriableError('http-status', `${message}. ${advice ?? 'Ask its operator if it does not pass.'}`, {
        ...options,
        retryAfterMs: pauseMs,
      })
    : new VdnError(
        'http-status',
        `${message}. ${advice ?? 'Check baseUrl; the path of the interface is added to it.'}`,
        options,
      );
}

/** The vendor's web application firewall (interface, "The way to the server"). */
const firewallAdvice: Readonly<Record<number, string>> = {
  418:
    'Ask the operator of the web application firewall which rule it was (its log says; often one on the User-Agent or on ' +
    'headers), and to let obs-code-sync through; headers adds what it wants.',
  523: 'Ask the operator of the web application firewall: it found a loop, or has no route to the server behind it.',
};

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

function unauthorizedMessage({ headers, othersPass }: Refusal, said: string, now: Date): string {
  const difference = clockDifferenceMs(headers, now) ?? 0;
  if (Math.abs(difference) > clockHintMs) {
    const direction = difference > 0 ? 'ahead of' : 'behind';
    return (
      `the server refused the signature (401)${said}, and its clock is ${Math.round(Math.abs(difference) / 1000)} s ${direction} this ` +
      'machine’s: signatures are only good for minutes. Correct the clock (NTP) and run again.'
    );
  }
  if (othersPass) {
    return (
      `the server refuses this VDN (401)${said}, while it answers others with the same key: ask for the right to this one, ` +
      'or take it out of vdns.'
    );
  }
  return (
    `the server refused the signature (401)${said}. Check accessKey and secretKey; \`check\` tries the other documented ` +
    'ways to sign and says which one the server takes. Where it answers other VDNs, ask for the right to this one.'
  );
}

function forbiddenMessage({ headers, othersPass }: Refusal, said: string): string {
  if (othersPass) {
    return (
      `the server refuses this VDN (403)${said}, while it answers others with the same key: ask for the right to this one, ` +
      'or take it out of vdns.'
    );
  }
  return isHtml(headers)
    ? `a firewall page came back (403, HTML)${said}: have this machine’s outgoing address put on the allow list.`
    : `the server refuses this access key (403)${said}: ask for the right to query OBS result codes of this VDN, and for this machine’s address to be let through.`;
}

function fromFirewall(status: number, headers: IncomingHttpHeaders): string {
  return status in firewallAdvice || isHtml(headers)
    ? ' with what looks like a page of a firewall or proxy in between'
    : '';
}

function isHtml(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.includes('html') ?? false;
}
