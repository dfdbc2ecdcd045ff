import { expect, test } from 'vitest';
import { hostUrls, parseDatabaseUrl } from '../../../src/config/database-url.ts';

test.each([
  ['one host', 'postgres://u:p@h/db', ['postgres://u:p@h/db']],
  [
    'several',
    'postgres://u:p@a:5432,b:5433/db?x=1',
    ['postgres://u:p@a:5432/db?x=1', 'postgres://u:p@b:5433/db?x=1'],
  ],
  [
    'IPv6',
    'postgresql://u@[::1]:1,[fe80::2]/db',
    ['postgresql://u@[::1]:1/db', 'postgresql://u@[fe80::2]/db'],
  ],
  ['a password with a comma', 'postgres://u:a,b@h/db', ['postgres://u:a,b@h/db']],
  [
    'several in the query',
    'postgres://u@/db?host=a,b&port=1,2&x=1',
    ['postgres://u@/db?host=a&port=1&x=1', 'postgres://u@/db?host=b&port=2&x=1'],
  ],
  [
    'one port for all',
    'postgres:///db?host=a,b&port=6',
    ['postgres:///db?host=a&port=6', 'postgres:///db?host=b&port=6'],
  ],
  ['a socket', 'postgres://u@/db?host=/run/postgresql', ['postgres://u@/db?host=/run/postgresql']],
])('hosts of a URL: %s', (_, url, hosts) => {
  expect(hostUrls(url)).toEqual(hosts);
  expect(parseDatabaseUrl(url, '/etc')).toEqual({ ok: true, value: url });
});

test.each(['any', 'read-write', 'primary'])('target_session_attrs=%s is understood', (attributes) => {
  const url = `postgres://a,b/db?target_session_attrs=${attributes}`;
  expect(parseDatabaseUrl(url, '/etc')).toEqual({ ok: true, value: url });
});

test.each([
  [
    'postgres://a,b/db?target_session_attrs=standby',
    'target_session_attrs: expected any, read-write, primary',
  ],
  ['postgres://a,b:no/db', 'cannot be read as a URL'],
])('%s is refused', (url, problem) => {
  expect(parseDatabaseUrl(url, '/etc')).toMatchObject({
    ok: false,
    problems: [expect.stringContaining(problem)],
  });
});

test("certificate files begin at the configuration file's directory; system is none", () => {
  const parsed = parseDatabaseUrl(
    'postgres://h/db?sslrootcert=tls/ca%201.pem&sslkey=/run/key&sslcert=c.pem',
    '/etc/obs',
  );
  expect(parsed).toEqual({
    ok: true,
    value: 'postgres://h/db?sslrootcert=/etc/obs/tls/ca%201.pem&sslkey=/run/key&sslcert=/etc/obs/c.pem',
  });
  const system = 'postgres://h/db?sslrootcert=system';
  expect(parseDatabaseUrl(system, '/etc/obs')).toEqual({ ok: true, value: system });
});
