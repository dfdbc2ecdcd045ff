import { expect, test } from 'vitest';
import { sign } from '../../../src/isales/signer.ts';
import vectors from '../../contract/auth-v2-vectors.json' with { type: 'json' };

type Vector = (typeof vectors)[number];

function precisionOf({ timestampPrecision }: Vector) {
  return timestampPrecision === 'milliseconds' ? 'milliseconds' : 'seconds';
}

function signed(vector: Vector, at = new Date(vector.timestampMs)) {
  const { method, path, query, signedHeaders, body, accessKey, secretKey } = vector;
  const texts = <T extends object>(fields: T) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  const request = { method, path, query: texts(query), signedHeaders: texts(signedHeaders) };
  return sign(
    body === null ? request : { ...request, body },
    { accessKey, secretKey },
    at,
    precisionOf(vector),
  );
}

test.each(vectors)('vector: $name', (vector) => {
  expect(signed(vector)).toEqual({
    canonicalRequest: vector.canonicalRequest,
    authorization: vector.authorization,
  });
});

test('both precisions and both sets of headers are among the vectors', () => {
  expect(new Set(vectors.map(precisionOf))).toEqual(new Set(['seconds', 'milliseconds']));
  const names = new Set(vectors.map(({ authorization }) => authorization.split('/').at(-2)));
  expect(names).toContain('host');
  expect(names).toContain('content-type;host');
});

test('another instant gives another signature', () => {
  for (const vector of vectors) {
    const later = signed(vector, new Date(vector.timestampMs + 1000));
    expect(later.authorization.split('/').at(-1)).not.toBe(vector.authorization.split('/').at(-1));
    expect(later.canonicalRequest).toBe(vector.canonicalRequest);
  }
});

test('the signature does not depend on the order or the case in which headers and parameters are given', () => {
  const credentials = { accessKey: 'key', secretKey: 'secret' };
  const at = new Date(0);
  const one = {
    method: 'GET',
    path: '/p',
    query: { b: '2', a: '1' },
    signedHeaders: { Host: 'h', 'Content-Type': 't' },
  };
  const other = {
    method: 'get',
    path: '/p',
    query: { a: '1', b: '2' },
    signedHeaders: { 'content-type': 't', host: 'h' },
  };
  expect(sign(one, credentials, at, 'seconds')).toEqual(sign(other, credentials, at, 'seconds'));
});
