import type { Parsed } from './fields.ts';

const baseUrlForm = 'a URL such as https://10.22.26.181:28443';

const basePathForm = /^(\/[\w.~-]+)*$/;

const refusedInBaseUrl: readonly { readonly holds: (url: URL) => boolean; readonly problem: string }[] = [
  {
    holds: (url) => url.username !== '' || url.password !== '',
    problem: 'leave user name and password out; the keys belong in accessKey and secretKey',
  },
  {
    holds: (url) => /[?#]/.test(url.href),
    problem: 'leave the query and the fragment out',
  },
  {
    holds: (url) => url.protocol === 'http:' && !isLoopback(url.hostname),
    problem: 'plain http is for loopback addresses only, since others could read it on the way; use https',
  },
  {
    holds: (url) => /^\/rest(\/|$)/.test(url.pathname),
    problem: 'leave the path of the interface (/rest/…) out; it is added to every request',
  },
  {
    holds: (url) => !basePathForm.test(pathOf(url)),
    problem: 'a path before /rest may hold letters, digits and . _ ~ - only',
  },
];

/**
 * A source's base URL without a slash at the end, in lower case and without a default port, so that sources which
 * share a server can be told by comparing.
 *
 * A path is allowed, for gateways that serve several systems under one address. It is sent and signed as it stands,
 * which suits a gateway that checks the signature itself or passes the path on unchanged.
 */
export function parseBaseUrl(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return { ok: false, problems: [`expected ${baseUrlForm}`] };
  }
  const problems = refusedInBaseUrl.filter(({ holds }) => holds(url)).map(({ problem }) => problem);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: url.origin + pathOf(url) };
}

const pathOf = (url: URL) => url.pathname.replace(/\/+$/, '');

/** A path that a gateway has before the interface's own, without a slash at the end; `/` is none. */
export function parseBasePath(text: string): Parsed<string> {
  const path = text.replace(/\/+$/, '');
  return text.startsWith('/') && basePathForm.test(path)
    ? { ok: true, value: path }
    : { ok: false, problems: ['expected / or a path of letters, digits and . _ ~ -'] };
}

/** `URL` has written every spelling of an IPv4 address in four decimal parts by now. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/**
 * A URL that may be shown: without credentials, query and fragment. Undefined where the text is no URL with a host,
 * or where a stray `@` makes it doubtful what is a password and what is not.
 */
export function withoutSecrets(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
  const credentials = url.username !== '' || url.password !== '';
  if (text.split('@').length - 1 !== (credentials ? 1 : 0)) return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The URL of a receiver of messages; where its secret is, in the path, the query or the credentials, it alone knows. */
export function parseHookUrl(text: string): Parsed<string> {
  const url = URL.parse(text.trim());
  return url !== null && ['http:', 'https:'].includes(url.protocol)
    ? { ok: true, value: url.href }
    : { ok: false, problems: ['expected a URL such as https://chat.example.com/hook'] };
}
