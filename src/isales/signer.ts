import { createHmac } from 'node:crypto';
import type { SourceConfig } from '../config/schema.ts';

/** How a source's timestamps are written; the vendor's editions differ (interface, "Authentication", step 1). */
type TimestampPrecision = SourceConfig['signing']['timestamp'];

export interface SignableRequest {
  readonly method: string;
  /** As sent, from its first `/`, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Exactly the headers to sign; `host` must be among them, byte for byte as it goes over the wire. */
  readonly signedHeaders: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Signature {
  /** For comparing when a server refuses the signature; holds no secret. */
  readonly canonicalRequest: string;
  /** The value of the Authorization header. Valid for one attempt: the server checks its timestamp. */
  readonly authorization: string;
}

/**
 * Signs a request with the scheme auth-v2 (interface, "Authentication C2", steps 1 to 7).
 *
 * @param at the instant that the signature states, by this machine's clock
 */
export function sign(
  request: SignableRequest,
  { accessKey, secretKey }: Pick<SourceConfig, 'accessKey' | 'secretKey'>,
  at: Date,
  precision: TimestampPrecision,
): Signature {
  const headers = Object.entries(request.signedHeaders).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const names = headers
    .map(([name]) => name)
    .sort()
    .join(';');
  const query = Object.entries(request.query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonicalRequest = [
    request.method.toUpperCase(),
    request.path,
    // With no query the line is left out; it is not an empty line.
    ...(query.length > 0 ? [query.sort().join('&')] : []),
    names,
    ...headers.map(([name, value]) => `${encode(name)}:${encode(value)}`).sort(),
    encode(request.body ?? ''),
  ].join('\n');
  const prefix = `auth-v2/${accessKey}/${formatTimestamp(at, precision)}/${names}`;
  // The second HMAC takes the first one's hex digits as its key, not the bytes they stand for.
  const signature = hmacHex(hmacHex(secretKey, prefix), canonicalRequest);
  return { canonicalRequest, authorization: `${prefix}/${signature}` };
}

function formatTimestamp(at: Date, precision: TimestampPrecision): string {
  const iso = at.toISOString();
  return precision === 'milliseconds' ? iso : iso.replace(/\.\d+Z$/, 'Z');
}

/** All but `A-Z a-z 0-9 - . _ ~` as `%XX`; encodeURIComponent leaves five more characters as they are. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmacHex(key: string, message: string): string {
  return createHmac('sha256', key).update(message).digest('hex');
}
