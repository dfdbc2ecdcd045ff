import { createHmac } from 'node:crypto';

/** What arrived on the wire. `rawHeaders` alternates names and values, as node:http gives them. */
export interface RawRequest {
  readonly method: string;
  /** The request target as sent: path and query, still percent-encoded. */
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Account {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Which requests are accepted, and by what clock. */
export interface AuthenticationRules {
  readonly accounts: readonly Account[];
  readonly timestamp: 'seconds' | 'milliseconds' | 'either';
  /** The exact headers that must be signed, lower case; undefined where any set with `host` will do. */
  readonly signedHeaders: readonly string[] | undefined;
  readonly allowedSkewMs: number;
  /** The server's clock, milliseconds since the epoch. */
  readonly now: () => number;
}

interface Authorization {
  readonly accessKey: string;
  readonly timestamp: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** Everything before the signature: what the signing key is derived from. */
  readonly prefix: string;
}

const timestampForms = {
  seconds: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  milliseconds: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
} as const;

/**
 * Checks the auth-v2 signature of a request from its raw form.
 *
 * @returns undefined where it holds, else the reason in words.
 */
export function authenticationProblem(request: RawRequest, rules: AuthenticationRules): string | undefined {
  const headers = headerValues(request.rawHeaders);
  const authorization = parseAuthorization(headers.get('authorization')?.[0]);
  if (authorization === undefined) return 'there is no Authorization header of the scheme auth-v2';
  const account = rules.accounts.find(({ accessKey }) => accessKey === authorization.accessKey);
  if (account === undefined) return 'the access key is unknown';
  const problem =
    timestampProblem(authorization.timestamp, rules) ??
    signedHeadersProblem(authorization.signedHeaders, headers, rules.signedHeaders);
  if (problem !== undefined) return problem;
  const canonical = canonicalRequest(request, authorization.signedHeaders, headers);
  if (canonical === undefined) return 'the query is not valid percent-encoding';
  return signatureOf(account.secretKey, authorization.prefix, canonical) === authorization.signature
    ? undefined
    : 'the signature does not match the request';
}

/** The canonical request of `request`, or undefined where its query cannot be decoded. */
export function canonicalRequest(
  request: RawRequest,
  signedHeaders: string,
  headers: ReadonlyMap<string, readonly string[]> = headerValues(request.rawHeaders),
): string | undefined {
  const queryStart = request.url.indexOf('?');
  const path = queryStart < 0 ? request.url : request.url.slice(0, queryStart);
  const lines = [request.method.toUpperCase(), path];
  if (queryStart >= 0 && queryStart < request.url.length - 1) {
    const query = canonicalQuery(request.url.slice(queryStart + 1));
    if (query === undefined) return undefined;
    lines.push(query);
  }
  const headerLines = signedHeaders
    .split(';')
    .map((name) => `${encode(name)}:${encode(headers.get(name)?.[0] ?? '')}`)
    .sort();
  lines.push(signedHeaders, ...headerLines, encode(request.body));
  return lines.join('\n');
}

function signatureOf(secretKey: string, prefix: string, canonical: string): string {
  const signingKey = createHmac('sha256', secretKey).update(prefix).digest('hex');
  return createHmac('sha256', signingKey).update(canonical).digest('hex');
}

/** Names in lower case with every value that came; node:http hands bytes over as Latin-1. */
function headerValues(rawHeaders: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = Buffer.from(rawHeaders[index + 1] ?? '', 'latin1').toString('utf8');
    const others = values.get(name);
    if (others === undefined) values.set(name, [value]);
    else others.push(value);
  }
  return values;
}

/** An access key may hold a `/` itself, so the other parts are counted from both ends. */
function parseAuthorization(value: string | undefined): Authorization | undefined {
  const parts = value?.split('/') ?? [];
  const signature = parts.at(-1);
  const signedHeaders = parts.at(-2);
  const timestamp = parts.at(-3);
  if (parts.length < 5 || parts[0] !== 'auth-v2') return undefined;
  if (signature === undefined || signedHeaders === undefined || timestamp === undefined) return undefined;
  return {
    accessKey: parts.slice(1, -3).join('/'),
    timestamp,
    signedHeaders,
    signature,
    prefix: parts.slice(0, -1).join('/'),
  };
}

function timestampProblem(timestamp: string, rules: AuthenticationRules): string | undefined {
  const forms = rules.timestamp === 'either' ? (['seconds', 'milliseconds'] as const) : [rules.timestamp];
  const instant = Date.parse(timestamp);
  if (Number.isNaN(instant) || !forms.some((form) => timestampForms[form].test(timestamp))) {
    return `the timestamp must be UTC with ${forms.join(' or ')}`;
  }
  const skewMs = Math.abs(instant - rules.now());
  if (skewMs <= rules.allowedSkewMs) return undefined;
  return `the timestamp is ${Math.round(skewMs / 1000)} s away from the server's clock`;
}

function signedHeadersProblem(
  signedHeaders: string,
  headers: ReadonlyMap<string, readonly string[]>,
  demanded: readonly string[] | undefined,
): string | undefined {
  const names = signedHeaders.split(';');
  if (!names.includes('host')) return 'host is not among the signed headers';
  if (signedHeaders !== [...new Set(names)].sort().join(';').toLowerCase()) {
    return 'the names of the signed headers are not lower case and sorted';
  }
  if (demanded !== undefined && signedHeaders !== [...demanded].sort().join(';')) {
    return `exactly these headers must be signed: ${demanded.join(';')}`;
  }
  const strange = names.find((name) => headers.get(name)?.length !== 1);
  return strange === undefined ? undefined : `the signed header ${strange} must come exactly once`;
}

function canonicalQuery(query: string): string | undefined {
  try {
    return query
      .split('&')
      .map((pair) => {
        const equals = pair.indexOf('=');
        const name = equals < 0 ? pair : pair.slice(0, equals);
        const value = equals < 0 ? '' : pair.slice(equals + 1);
        return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
      })
      .sort()
      .join('&');
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Percent-encodes all but `A-Z a-z 0-9 - . _ ~`; `encodeURIComponent` leaves five characters more. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
