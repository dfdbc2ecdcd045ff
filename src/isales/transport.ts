import { constants } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import tls from 'node:tls';
import got, { type Request } from 'got';
import { shownProxy } from '../config/proxy.ts';
import type { SourceConfig } from '../config/schema.ts';
import type { VdnError } from '../errors.ts';
import { version } from '../version.ts';
import { issuerOf, isUnknownAuthority, tlsError, tlsFault } from './tls-errors.ts';
import { transportError } from './transport-errors.ts';

const userAgent = `obs-code-sync/${version}`;

export type TransportConfig = Pick<SourceConfig, 'baseUrl' | 'timeoutMs' | 'proxy' | 'tls'>;

export interface Transport {
  /** Sends a GET; its result is read from the stream. */
  request(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Request;
  /** The program's own error for what a request's stream was destroyed with. Never rejects. */
  errorOf(error: unknown): Promise<VdnError>;
  /** The proxy on the way, as it may be shown. */
  readonly proxy: string | undefined;
  /** Closes idle connections. */
  close(): void;
}

/** Node's own quarter of a second gives up addresses that are only far away. */
const longestConnectMs = 2_500;

/**
 * How a source's server is reached: proxy, certificates, connections.
 *
 * @param connections at most so many
 * @param headers of every request
 */
export function createTransport(
  source: TransportConfig,
  connections: number,
  headers: Readonly<Record<string, string>>,
): Transport {
  const { proxy, timeoutMs } = source;
  const agentOptions = {
    keepAlive: true,
    maxSockets: connections,
    autoSelectFamilyAttemptTimeout: Math.min(longestConnectMs, Math.ceil(timeoutMs / 3)),
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }),
  };
  const tlsOptions = tlsOptionsOf(source);
  const agents = {
    http: new http.Agent(agentOptions),
    https: new https.Agent({ ...agentOptions, ...tlsOptions }),
  };
  // got is the client that this project's users chose, and stays; what it costs is in docs/performance.md.
  const configured = got.extend({
    agent: agents,
    // Retries are made outside, so that each attempt is signed again and waits for its turn.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    timeout: { request: timeoutMs },
    headers: { 'user-agent': userAgent, ...headers },
  });
  const way = { timeoutMs, proxy: proxy === undefined ? undefined : shownProxy(proxy) };
  let issuer: Promise<string | undefined> | undefined;
  return {
    proxy: way.proxy,
    request: (url, own, signal) => configured.stream(url, { headers: own, signal }),
    errorOf: async (error) => {
      const fault = tlsFault(error);
      if (fault === undefined) return transportError(error, way);
      // Once for a source: each of its VDNs meets the same certificate.
      if (isUnknownAuthority(fault))
        issuer ??= issuerOf(source.baseUrl, { ...agentOptions, ...tlsOptions }, timeoutMs);
      return tlsError(fault, source, await issuer);
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/**
 * The name to ask for and to verify is the configuration's, never that of the Host header, which may be another one
 * (`signing.host`); an address is verified as one and asked for by none.
 */
function tlsOptionsOf({ baseUrl, tls: config }: TransportConfig): https.AgentOptions {
  const name = config.serverName ?? new URL(baseUrl).hostname.replace(/^\[|\]$/g, '');
  const { ca, cert, key, minVersion } = config;
  return {
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    rejectUnauthorized: !config.insecureSkipVerify,
    // An intermediate or the server's own certificate is what the vendor's way to get one gives.
    allowPartialTrustChain: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? oldServers : {}),
  };
}

/** OpenSSL 3 has old protocols at this security level only, and weak keys and unsafe renegotiation with them. */
const oldServers: https.AgentOptions = {
  ciphers: 'DEFAULT@SECLEVEL=0',
  secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
};
