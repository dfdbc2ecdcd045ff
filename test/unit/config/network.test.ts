import { describe, expect, test } from 'vitest';
import { authority, issue } from '../../support/certificates.ts';
import { load, problemsOf, withSource } from './support.ts';

const https = 'https://10.22.26.181:28443';
const proxyOf = async (proxy: string | undefined, env: NodeJS.ProcessEnv, baseUrl = https) =>
  (await load(withSource({ baseUrl, ...(proxy === undefined ? {} : { proxy }) }), { env })).sources[0]?.proxy;

describe('the proxy', () => {
  test.each<[string, string | undefined, NodeJS.ProcessEnv, string | undefined]>([
    ['of the source', 'http://p:1', { HTTPS_PROXY: 'http://e:2' }, 'http://p:1/'],
    ['without a scheme', 'p.example:3128', {}, 'http://p.example:3128/'],
    ['with user and password', 'u:p%40@p:1', {}, 'http://u:p%40@p:1/'],
    ['none', 'none', { HTTPS_PROXY: 'http://e:2' }, undefined],
    ['of the environment', undefined, { HTTPS_PROXY: 'http://e:2' }, 'http://e:2/'],
    ['in lower case', undefined, { https_proxy: 'https://e:2' }, 'https://e:2/'],
    ['in lower case before upper case', undefined, { https_proxy: 'l:1', HTTPS_PROXY: 'u:1' }, 'http://l:1/'],
    ['for another scheme', undefined, { HTTP_PROXY: 'http://e:2' }, undefined],
    ['empty', undefined, { HTTPS_PROXY: '' }, undefined],
    ['not used by any', 'none', { HTTPS_PROXY: 'socks5://e:2' }, undefined],
  ])('%s', async (_, proxy, env, expected) => {
    expect(await proxyOf(proxy, env)).toBe(expected);
  });

  test.each([
    ['10.22.26.181', https, true],
    ['10.22.26.181:28443', https, true],
    ['10.22.26.181:443', https, false],
    ['10.0.0.0/8', https, true],
    ['10.22.27.0/24', https, false],
    ['*', https, true],
    ['other,  10.22.0.0/16 ,x', https, true],
    ['example.com', 'https://aicc.example.com', true],
    ['.example.com', 'https://aicc.example.com', true],
    ['*.Example.com', 'https://aicc.example.com:444', true],
    ['example.com', 'https://badexample.com', false],
    ['fd00::/8', 'https://[fd12::1]:1', true],
    ['[fd12::1]:1', 'https://[fd12::1]:1', true],
    ['fd12::1', 'https://[fd12::1]:1', true],
    ['127.0.0.0/8', 'http://127.0.0.1:9', true],
  ])('NO_PROXY %s for %s', async (noProxy, baseUrl, excepted) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const env = { HTTPS_PROXY: 'http://e:2', HTTP_PROXY: 'http://e:2', [name]: noProxy };
      expect(await proxyOf(undefined, env, baseUrl)).toBe(excepted ? undefined : 'http://e:2/');
    }
  });

  test.each<[string | undefined, NodeJS.ProcessEnv, RegExp]>([
    [
      'socks5://me:secretpw@p:1080',
      {},
      /^sources\[0\]\.proxy is "socks5:\/\/p:1080": expected none, or a proxy/,
    ],
    ['http://me:secretpw%zz@p', {}, /%25 %40/],
    ['http://p:1/path', {}, /expected none, or a proxy/],
    [
      undefined,
      { HTTPS_PROXY: 'socks5://me:secretpw@p' },
      /^sources\[0\]: HTTPS_PROXY of the environment: expected none/,
    ],
    [
      undefined,
      { HTTPS_PROXY: 'http://p', NO_PROXY: '10.0.0.0/99' },
      /^sources\[0\]: NO_PROXY of the environment/,
    ],
  ])('%s with %j is refused, without its password', async (proxy, env, problem) => {
    const problems = await problemsOf(
      withSource({ baseUrl: https, ...(proxy === undefined ? {} : { proxy }) }),
      {
        env,
      },
    );
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).not.toContain('secretpw');
  });
});

describe('further headers', () => {
  test('are taken as they are', async () => {
    const headers = { 'X-APP-Key': 'v é', x_other: '' };
    expect((await load(withSource({ headers }))).sources[0]?.headers).toEqual(headers);
  });

  test.each([
    [{ Host: 'secretpw' }, 'sources[0].headers.Host (not shown): is set by the program'],
    [{ AUTHORIZATION: 'secretpw' }, 'sources[0].headers.AUTHORIZATION (not shown): is set by the program'],
    [{ 'Accept-Encoding': 'secretpw' }, 'sources[0].headers.Accept-Encoding (not shown): is set'],
    [{ 'Transfer-Encoding': 'secretpw' }, 'belongs to the connection'],
    [{ 'X-Key': 'secretpw\r\nY: 1' }, 'sources[0].headers.X-Key (not shown): holds a character'],
    [{ 'X-Key': 5 }, 'sources[0].headers.X-Key (not shown): expected a text'],
    [{ 'X-Key:secretpw': 'x' }, 'sources[0].headers is a mapping: has a key that is not a header name'],
    [{ 'X-A': 'secretpw', 'x-a': 'secretpw' }, 'is there twice'],
    ['secretpw', 'sources[0].headers (not shown): expected a mapping'],
  ])('%j is refused: the name is shown, the value not', async (headers, problem) => {
    const problems = await problemsOf(withSource({ headers }));
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems[0]).not.toContain('secretpw');
  });
});

test('a client certificate needs its own key, which nothing shows', async () => {
  const ca = await authority('CA');
  const [one, other] = [await issue(ca), await issue(ca)];
  const files = { 'c.pem': one.cert, 'c.key': one.key, 'o.key': other.key };
  const problems = (tls: object) => problemsOf(withSource({ tls }), { files });
  const { sources } = await load(withSource({ tls: { certFile: 'c.pem', keyFile: 'c.key' } }), { files });
  expect(sources[0]?.tls).toMatchObject({ key: one.key });
  expect(await problems({ certFile: 'c.pem' })).toEqual([expect.stringContaining('needs keyFile beside it')]);
  expect(await problems({ certFile: 'c.pem', keyFile: 'o.key' })).toEqual([
    expect.stringContaining('is not the key of the first certificate'),
  ]);
  expect(await problems({ certFile: 'c.pem', keyFile: 'c.pem' })).toEqual([
    expect.stringContaining('holds no private key'),
  ]);
  expect(await problems({ serverName: '10.0.0.1' })).toHaveLength(1);
  expect(await problems({ minVersion: 'SSLv3' })).toEqual([
    'sources[0].tls.minVersion is "SSLv3": expected one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3',
  ]);
});

test.each([
  [
    { host: '10.22.26.181', basePath: '/' },
    { host: '10.22.26.181', basePath: '' },
  ],
  [
    { host: 'aicc:443', basePath: '/gw/' },
    { host: 'aicc:443', basePath: '/gw' },
  ],
  [{ host: '[::1]:9' }, { host: '[::1]:9' }],
])('what the server sees is signed: %j', async (signing, expected) => {
  expect((await load(withSource({ signing }))).sources[0]?.signing).toMatchObject(expected);
});

test.each([{ host: 'a b' }, { host: 'https://h' }, { basePath: 'gw' }, { basePath: '/a?b' }])(
  '%j cannot be signed',
  async (signing) => {
    expect(await problemsOf(withSource({ signing }))).toHaveLength(1);
  },
);
