import { getCACertificates } from 'node:tls';
import pg from 'pg';
import { hostUrls, parameter, type SessionAttributes, sessionAttributesOf } from '../config/database-url.ts';
import { FatalError } from '../errors.ts';

/** A server ends a statement itself after 60 s; one that has not answered by now has disappeared. */
const defaultQueryTimeoutMs = 75_000;

/** One server, or several of which some can be used. */
export interface Servers {
  /** In the order in which they are tried. */
  readonly configs: readonly pg.ClientConfig[];
  readonly attributes: SessionAttributes;
  /** Names them in messages: hosts, ports and database; never a password. */
  readonly where: string;
}

/**
 * What a database URL names, for `pg`.
 *
 * @param queryTimeoutMs after this a statement that was not answered counts as lost; 0: never
 * @throws FatalError `configuration` where a certificate or key that the URL names cannot be read
 */
export function serversOf(url: string, queryTimeoutMs = defaultQueryTimeoutMs): Servers {
  const configs = hostUrls(url).map((one) => configOf(one, queryTimeoutMs));
  const clients = configs.map(clientOf);
  const places = clients.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  return {
    configs,
    attributes: sessionAttributesOf(url) ?? 'any',
    where: `${places.join(',')}/${clients[0]?.database}`,
  };
}

function configOf(url: string, query_timeout: number): pg.ClientConfig {
  const config = {
    application_name: 'obs-code-sync',
    query_timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  if (parameter(url, 'sslrootcert') !== 'system')
    return { ...config, connectionString: withPlainSslMode(url) };
  // As libpq has it: what this machine trusts, always verified fully. An image may have no store of its own.
  const ca = [...getCACertificates('system'), ...getCACertificates('default')];
  return {
    ...config,
    connectionString: url.replaceAll(/([?&])ssl(rootcert|mode)=[^&]*/g, '$1'),
    ssl: { ca },
  };
}

/**
 * `pg` takes the modes prefer, require and verify-ca for verify-full, and warns in many lines on stderr that this will
 * change. Stated explicitly, it prints nothing and means the same in the next version.
 */
function withPlainSslMode(url: string): string {
  return /[?&]uselibpqcompat=true(&|$)/.test(url)
    ? url
    : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

function clientOf(config: pg.ClientConfig): pg.Client {
  try {
    return new pg.Client(config);
  } catch (cause) {
    // Nothing but what the URL's query names is read here: sslrootcert, sslcert, sslkey.
    const detail =
      cause instanceof Error && 'code' in cause ? cause.message : 'it is not a URL that pg understands';
    throw new FatalError('configuration', `database.url cannot be used: ${detail}.`, { cause });
  }
}
