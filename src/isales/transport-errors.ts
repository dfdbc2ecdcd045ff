import { RequestError, TimeoutError } from 'got';
import { RetriableError, VdnError } from '../errors.ts';

export interface Way {
  /** Of the request, for the message. */
  readonly timeoutMs: number;
  /** The proxy as it may be shown; undefined where there is none. */
  readonly proxy: string | undefined;
}

/** The error for an attempt that got no answer, or not all of it. */
export function transportError(error: unknown, { timeoutMs, proxy }: Way): VdnError {
  const { code, cause } = error instanceof RequestError ? error : {};
  if (error instanceof TimeoutError) {
    const through = proxy === undefined ? '' : ` through the proxy ${proxy}`;
    return new RetriableError(
      'timeout',
      `no complete answer within ${timeoutMs / 1000} s${through}. If the server is only slow, raise timeout for this source.`,
    );
  }
  if (code === 'ERR_PROXY_TUNNEL' && proxy !== undefined) return tunnelError(statusOf(cause), proxy);
  const hint = networkHints[code ?? ''];
  if (proxy !== undefined && hint?.ofConnecting) {
    return new RetriableError(
      'network',
      `the proxy ${proxy} cannot be reached (${code}): ${hint.proxy}; check proxy, or HTTPS_PROXY and HTTP_PROXY of the environment.`,
    );
  }
  return new RetriableError(
    'network',
    `the connection failed (${code ?? 'no code'}): ${hint?.server ?? 'check the address, the network and the server'}.`,
  );
}

/**
 * What a proxy answers instead of forwarding a request. Its status is not stored in the error, since the server has
 * said nothing.
 */
export function proxyRefusal(status: number, proxy: string): VdnError {
  if (status === 407) {
    return new VdnError(
      'network',
      `the proxy ${proxy} wants a user name and a password, or refuses those that it got (407): set proxy: http://USER:PASSWORD@…`,
    );
  }
  return new VdnError(
    'network',
    `the proxy ${proxy} refuses to connect to the server (${status}): have it let through there, or name the server in NO_PROXY.`,
  );
}

function tunnelError(status: number | undefined, proxy: string): VdnError {
  if (status !== undefined && status < 500) return proxyRefusal(status, proxy);
  return new RetriableError(
    'network',
    `the proxy ${proxy} has no connection to the server (${status ?? 'no answer'}): check baseUrl, and ask its operator if it does not pass.`,
  );
}

function statusOf(cause: unknown): number | undefined {
  const status: unknown = cause instanceof Error && 'statusCode' in cause ? cause.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

interface Hint {
  readonly server: string;
  readonly proxy: string;
  /** It was the first address on the way that failed. */
  readonly ofConnecting: boolean;
}

const networkHints: Readonly<Record<string, Hint>> = {
  ECONNREFUSED: {
    server: 'nothing listens at that address and port; check baseUrl and the server',
    proxy: 'nothing listens at that address and port',
    ofConnecting: true,
  },
  ENOTFOUND: {
    server: 'the host name is not known; check baseUrl and DNS',
    proxy: 'its host name is not known',
    ofConnecting: true,
  },
  EAI_AGAIN: {
    server: 'the name server did not answer; check DNS',
    proxy: 'the name server did not answer',
    ofConnecting: true,
  },
  ETIMEDOUT: {
    server: 'no answer from that address; check the route and the firewall',
    proxy: 'no answer from that address',
    ofConnecting: true,
  },
  EHOSTUNREACH: {
    server: 'there is no route to that address; check the network',
    proxy: 'there is no route to that address',
    ofConnecting: true,
  },
  ENETUNREACH: {
    server: 'there is no route to that network; check the network',
    proxy: 'there is no route to that network',
    ofConnecting: true,
  },
  ECONNRESET: {
    server: 'the other side cut it off; a firewall may do so, or the server was restarted',
    proxy: '',
    ofConnecting: false,
  },
};
