import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type AuthenticationRules,
  authenticationProblem,
  canonicalRequest,
  type RawRequest,
} from '../../../src/simulator/authentication.ts';

interface Vector {
  readonly name: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly timestampMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signedHeaders: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly canonicalRequest: string;
  readonly authorization: string;
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../../contract/auth-v2-vectors.json', import.meta.url), 'utf8'),
);

/** As node:http hands a request over: percent-encoded target, header bytes as Latin-1. */
function received(vector: Vector, authorization = vector.authorization): RawRequest {
  const query = Object.entries(vector.query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const headers = { ...vector.signedHeaders, Accept: '*/*', Authorization: authorization };
  return {
    method: vector.method,
    url: query === '' ? vector.path : `${vector.path}?${query}`,
    rawHeaders: Object.entries(headers).flatMap(([name, value]) => [
      name,
      Buffer.from(value, 'utf8').toString('latin1'),
    ]),
    body: vector.body ?? '',
  };
}

function rules(vector: Vector, changes: Partial<AuthenticationRules> = {}): AuthenticationRules {
  return {
    accounts: [{ accessKey: vector.accessKey, secretKey: vector.secretKey }],
    timestamp: 'either',
    signedHeaders: undefined,
    allowedSkewMs: 0,
    now: () => vector.timestampMs,
    ...changes,
  };
}

const [first, second, third] = vectors;
if (first === undefined || second === undefined || third === undefined)
  throw new Error('vectors are missing');

describe.each(vectors)('vector: $name', (vector) => {
  test('the canonical request is rebuilt from the raw request', () => {
    const signedHeaders = vector.authorization.split('/').at(-2) ?? '';
    expect(canonicalRequest(received(vector), signedHeaders)).toBe(vector.canonicalRequest);
  });

  test('the signature is taken', () => {
    expect(authenticationProblem(received(vector), rules(vector))).toBeUndefined();
  });

  test.each([
    ['another method', { method: 'PUT' }],
    ['another path', { url: '/elsewhere' }],
    ['another body', { body: 'another' }],
  ])('%s is refused', (_, change) => {
    expect(authenticationProblem({ ...received(vector), ...change }, rules(vector))).toMatch(
      /does not match/,
    );
  });

  test('another secret key is refused', () => {
    const accounts = [{ accessKey: vector.accessKey, secretKey: `${vector.secretKey}x` }];
    expect(authenticationProblem(received(vector), rules(vector, { accounts }))).toMatch(/does not match/);
  });
});

describe('what is refused before the signature is looked at', () => {
  test('an unknown access key', () => {
    const accounts = [{ accessKey: 'other', secretKey: first.secretKey }];
    expect(authenticationProblem(received(first), rules(first, { accounts }))).toMatch(
      /access key is unknown/,
    );
  });

  test.each([undefined, '', 'Basic abc', 'auth-v1/a/b/host/c', 'auth-v2/a/b'])(
    'the authorization %j',
    (value) => {
      const request = received(first, value);
      const rawHeaders = value === undefined ? request.rawHeaders.slice(0, -2) : request.rawHeaders;
      expect(authenticationProblem({ ...request, rawHeaders }, rules(first))).toMatch(
        /no Authorization header/,
      );
    },
  );

  test('a clock that is too far away, by how much', () => {
    const late = rules(first, { now: () => first.timestampMs + 600_000, allowedSkewMs: 300_000 });
    expect(authenticationProblem(received(first), late)).toMatch(/600 s away/);
    const near = rules(first, { now: () => first.timestampMs - 300_000, allowedSkewMs: 300_000 });
    expect(authenticationProblem(received(first), near)).toBeUndefined();
  });

  test('a timestamp of the other precision, where only one is taken', () => {
    const milliseconds = { timestamp: 'milliseconds' } as const;
    const seconds = { timestamp: 'seconds' } as const;
    expect(authenticationProblem(received(second), rules(second, milliseconds))).toMatch(/milliseconds/);
    expect(authenticationProblem(received(second), rules(second, seconds))).toBeUndefined();
    expect(authenticationProblem(received(third), rules(third, seconds))).toMatch(/seconds/);
    expect(authenticationProblem(received(third), rules(third, milliseconds))).toBeUndefined();
  });

  test('other signed headers than the demanded ones', () => {
    const hostOnly = { signedHeaders: ['host'] };
    expect(authenticationProblem(received(first), rules(first, hostOnly))).toBeUndefined();
    expect(authenticationProblem(received(second), rules(second, hostOnly))).toMatch(/exactly these headers/);
  });

  test.each([
    ['content-type', /host is not among/],
    ['host;content-type', /sorted/],
    ['Host;content-type;host', /lower case/],
    ['host;x-missing', /x-missing must come exactly once/],
  ])('signed headers named as %s', (names, reason) => {
    const authorization = second.authorization.replace('content-type;host', names);
    expect(authenticationProblem(received(second, authorization), rules(second))).toMatch(reason);
  });

  test('a signed header that came twice', () => {
    const request = received(first);
    const rawHeaders = [...request.rawHeaders, 'Host', 'elsewhere'];
    expect(authenticationProblem({ ...request, rawHeaders }, rules(first))).toMatch(
      /host must come exactly once/,
    );
  });

  test('a query that is not valid percent-encoding', () => {
    const request = { ...received(first), url: `${first.path}?pageNum=%zz` };
    expect(authenticationProblem(request, rules(first))).toMatch(/percent-encoding/);
  });
});
