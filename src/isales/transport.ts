import http from 'node:http';
import https from 'node:https';
import got, { type Request } from 'got';
import type { SourceConfig } from '../config/types.ts';
import { version } from '../version.ts';

export interface Transport {
  /** Sends a GET; what comes of it is read from the stream. */
  request(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Request;
  /** Closes idle connections. */
  close(): void;
}

/**
 * How a source's server is reached: connections, certificates, what every request carries.
 *
 * @param connections at most so many
 */
export function createTransport(
  source: Pick<SourceConfig, 'timeoutMs' | 'tls'>,
  connections: number,
  headers: Readonly<Record<string, string>>,
): Transport {
  const agentOptions = { keepAlive: true, maxSockets: connections };
  const agents = { http: new http.Agent(agentOptions), https: new https.Agent(agentOptions) };
  // got is the client that this project's users chose, and stays; what it costs is in docs/performance.md.
  const configured = got.extend({
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
    headers: { 'user-agent': `obs-code-sync/${version}`, ...headers },
  });
  return {
    request: (url, own, signal) => configured.stream(url, { headers: own, signal }),
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
