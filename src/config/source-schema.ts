import * as z from 'zod';
import { duration, mapping, number, oneOf, parsedText, text, wholeNumber } from './fields.ts';
import { environmentProxy, parseProxy } from './proxy.ts';
import { tlsSchema } from './tls-schema.ts';
import { parseBasePath, parseBaseUrl } from './urls.ts';
import { expandVdns } from './vdn-list.ts';

/** One entry of `sources`. */
export function sourceSchema(directory: string, env: NodeJS.ProcessEnv) {
  return mapping({
    name: text('lower-case letters, digits, _ and -, a letter first', /^[a-z][a-z0-9_-]*$/).describe(
      'The name of this source in tables, logs and --source; unique.',
    ),
    baseUrl: parsedText('a URL such as https://10.22.26.181:28443', parseBaseUrl).describe(
      'The server, https://HOST:PORT; plain http for loopback addresses only. A path is sent and signed as it stands.',
    ),
    accessKey: text('a text without blanks and line breaks', /^[\x21-\x7e]+$/).describe(
      'The access key (AK).',
    ),
    secretKey: text(
      'a text without blanks or line breaks before or after it; ${file:PATH} leaves them out',
      /^\S(.*\S)?$/s,
    ).describe('The secret key (SK); best kept in a file or a variable of the environment.'),
    vdns: vdns(),
    locale: text('a language such as zh_CN or en_US', /^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$/)
      .exactOptional()
      .describe(
        "The language of the descriptions, zh_CN or en_US for example; the server's own where absent.",
      ),
    pageSize: wholeNumber(1, 50).default(50).describe('Codes a request asks for, 1 to 50.'),
    concurrency: wholeNumber(1, 10)
      .default(4)
      .describe('Requests at once, 1 to 10; sources that share a server share the smallest.'),
    requestsPerSecond: number(0.01, 1000)
      .exactOptional()
      .describe('Most requests a second; no limit where absent.'),
    timeout: duration('1h').prefault('10s').describe('Of one attempt, from sending to the last byte.'),
    retries: wholeNumber(0, 20).default(3).describe('Further attempts of one request.'),
    outage: duration('24h')
      .prefault('2m')
      .describe('How long in all a run waits for a server that is away: no answer, or 502, 503, 504.'),
    proxy: parsedText('none or a proxy such as http://proxy.example.com:3128', (value) => {
      const parsed = parseProxy(value);
      return parsed.ok ? { ok: true, value: { url: parsed.value } } : parsed;
    })
      .exactOptional()
      .describe('The proxy to go through, or none; HTTPS_PROXY, HTTP_PROXY and NO_PROXY where absent.'),
    headers: furtherHeaders()
      .exactOptional()
      .describe('Further headers of each request, for a gateway; their values are secrets.'),
    tls: tlsSchema(directory),
    signing: mapping({
      headers: signedHeaders().describe('The headers that are signed; host must be among them.'),
      timestamp: oneOf(['seconds', 'milliseconds'])
        .default('seconds')
        .describe('The precision of the timestamp.'),
      host: text('a host as in a Host header', /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i)
        .exactOptional()
        .describe(
          "The Host that the server sees, sent and signed, where a balancer rewrites it; baseUrl's where absent.",
        ),
      basePath: parsedText('a path such as / or /gateway', parseBasePath)
        .exactOptional()
        .describe(
          "The path before /rest that the server sees, where a gateway changes it; baseUrl's where absent.",
        ),
    })
      .prefault({})
      .describe('How requests are signed; "check" says which variant a server takes.'),
    conflictingDescriptions: oneOf(['fail', 'join'])
      .default('fail')
      .describe('A code that the server lists with two descriptions: fail its VDN, or join them with " / ".'),
  }).transform(({ timeout, outage, proxy, ...rest }, context) => {
    const used =
      proxy === undefined ? environmentProxy(rest.baseUrl, env) : { ok: true as const, value: proxy.url };
    if (used.ok) {
      const through = used.value === undefined ? {} : { proxy: used.value };
      return { ...rest, ...through, timeoutMs: timeout, outageMs: outage };
    }
    for (const message of used.problems)
      context.addIssue({ code: 'custom', message, params: { shows: 'nothing' } });
    return z.NEVER;
  });
}

function vdns() {
  return z
    .array(z.unknown(), 'expected a list such as [1, 25, "100-120"]')
    .transform((entries, context) => {
      const { vdns, problems } = expandVdns(entries);
      for (const { entry, message } of problems) {
        context.addIssue({ code: 'custom', message, path: entry === undefined ? [] : [entry] });
      }
      return vdns;
    })
    .meta({
      description: 'The VDNs to read, 1 to 9999: numbers and ranges, such as [1, 25, "100-120"].',
      minItems: 1,
      items: {
        anyOf: [
          { type: 'integer', minimum: 1, maximum: 9999 },
          { type: 'string', pattern: '^\\s*\\d{1,4}\\s*(-\\s*\\d{1,4}\\s*)?$' },
        ],
      },
    });
}

function signedHeaders() {
  const expected = 'expected a list of host and, if wanted, content-type';
  return z
    .array(oneOf(['content-type', 'host']), expected)
    .refine(
      (headers) => headers.includes('host'),
      'host is missing; the server refuses a signature without it',
    )
    .refine((headers) => new Set(headers).size === headers.length, 'names a header twice')
    .default(['content-type', 'host'])
    .transform((headers) => headers.toSorted());
}

/** Headers that the program sets itself, and those that belong to a single connection (RFC 9110, 7.6.1). */
const refused: ReadonlySet<string> = new Set([
  ...['host', 'authorization', 'content-type', 'content-length', 'locale', 'user-agent', 'accept-encoding'],
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
]);

const token = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Further headers of a source's requests. Their values are secrets: no message shows one. */
function furtherHeaders() {
  return z
    .record(
      z.string(),
      z.string('expected a text; a number needs quotes here'),
      'expected a mapping of names to texts',
    )
    .superRefine((headers, context) => {
      const seen = new Set<string>();
      for (const [name, value] of Object.entries(headers)) {
        for (const message of problemsOf(name, value, seen))
          context.addIssue({ code: 'custom', path: token.test(name) ? [name] : [], message });
        seen.add(name.toLowerCase());
      }
    });
}

function problemsOf(name: string, value: unknown, seen: ReadonlySet<string>): string[] {
  // What is no name may hold a value, a secret one even, whose colon lacks its blank.
  if (!token.test(name)) return ['has a key that is not a header name (is a blank missing after its colon?)'];
  if (refused.has(name.toLowerCase()))
    return ['is set by the program or belongs to the connection; leave it out'];
  if (seen.has(name.toLowerCase())) return ['is there twice, in different case'];
  if (typeof value === 'string' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return ['holds a character that no header may have; expected printable Latin letters'];
  return [];
}
