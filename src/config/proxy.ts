import { BlockList, isIP } from 'node:net';
import type { Parsed } from './fields.ts';

const proxyForm =
  'none, or a proxy such as http://proxy.example.com:3128 (http and https only; % @ : / in a password as %25 %40 %3A %2F)';

/** A proxy's URL, or that none is to be used. Without a scheme http is meant. */
export function parseProxy(text: string): Parsed<string | undefined> {
  if (text.trim() === 'none') return { ok: true, value: undefined };
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(written.trim());
  const isProxy =
    url !== null &&
    isEncoded(url.username + url.password) &&
    /^https?:$/.test(url.protocol) &&
    /^\/?$/.test(url.pathname) &&
    !/[?#]/.test(url.href);
  return isProxy ? { ok: true, value: url.href } : { ok: false, problems: [`expected ${proxyForm}`] };
}

/**
 * The proxy that the environment has for a server: HTTPS_PROXY or HTTP_PROXY by the server's scheme, unless NO_PROXY
 * names it. Lower case goes before upper case, as with curl.
 *
 * Node's agents do the same but for values without a scheme, schemes that they do not know, and networks in NO_PROXY,
 * all of which they pass over in silence and go direct.
 */
export function environmentProxy(baseUrl: string, env: NodeJS.ProcessEnv): Parsed<string | undefined> {
  const { protocol, hostname, port } = new URL(baseUrl);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = textOf(env, name);
  if (proxy === undefined) return { ok: true, value: undefined };
  const exceptions = noProxy(textOf(env, 'NO_PROXY') ?? '');
  if (!exceptions.ok) return exceptions;
  const server = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || (protocol === 'https:' ? '443' : '80'),
  };
  if (exceptions.value.some((excepts) => excepts(server))) return { ok: true, value: undefined };
  const parsed = parseProxy(proxy);
  return parsed.ok ? parsed : { ok: false, problems: [`${name} of the environment: ${parsed.problems[0]}`] };
}

/** A percent sign that begins no code: what is meant cannot be known. */
function isEncoded(credentials: string): boolean {
  return !/%(?![\da-f]{2})/i.test(credentials);
}

/** A proxy as it may be shown: without user and password. */
export function shownProxy(proxy: string): string {
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
}

function textOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name.toLowerCase()]?.trim() || env[name]?.trim() || undefined;
}

interface Server {
  readonly host: string;
  readonly port: string;
}
type Exception = (server: Server) => boolean;

function noProxy(text: string): Parsed<Exception[]> {
  const exceptions: Exception[] = [];
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const exception = entry.includes('/') ? network(entry) : nameOrAddress(entry);
    if (exception === undefined) {
      return { ok: false, problems: ['NO_PROXY of the environment: expected networks such as 10.0.0.0/8'] };
    }
    exceptions.push(exception);
  }
  return { ok: true, value: exceptions };
}

function network(entry: string): Exception | undefined {
  const [, address = '', prefix = ''] = /^([\da-f:.]+)\/(\d{1,3})$/i.exec(entry) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family(address));
  return ({ host }) => isIP(host) !== 0 && list.check(host, family(host));
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** A name stands for its subdomains too, with or without a dot or `*.` before it. */
function nameOrAddress(entry: string): Exception {
  if (entry === '*') return () => true;
  const [, written = '', port] = /^(\[[^\]]*\]|[^:]+|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const name = written
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .toLowerCase();
  return (server) => {
    if (port !== undefined && port !== server.port) return false;
    const host = server.host.toLowerCase();
    return host === name || (isIP(name) === 0 && name !== '' && host.endsWith(`.${name}`));
  };
}
