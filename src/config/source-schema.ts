import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import { quote } from '../domain/quote.ts';
import { readCertificates } from './certificates.ts';
import { duration, mapping, number, oneOf, parsedText, text, trueOrFalse, wholeNumber } from './fields.ts';
import { parseBaseUrl } from './urls.ts';
import { expandVdns } from './vdn-list.ts';

/** One entry of `sources`. */
export function sourceSchema(directory: string) {
  return mapping({
    name: text('lower-case letters, digits, _ and -, a letter first', /^[a-z][a-z0-9_-]*$/).describe(
      'The name of this source in tables, logs and --source; unique.',
    ),
    baseUrl: parsedText('a URL such as https://10.22.26.181:28443', parseBaseUrl).describe(
      'The server, https://HOST:PORT; plain http for loopback addresses only. A path is sent and signed as it stands.',
    ),
    accessKey: text('a text without blanks', /^[\x21-\x7e]+$/).describe('The access key (AK).'),
    secretKey: text('a text without blanks before or after it', /^\S(.*\S)?$/s).describe(
      'The secret key (SK); best kept in a file or a variable of the environment.',
    ),
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
    tls: tls(directory),
    signing: mapping({
      headers: signedHeaders().describe('The headers that are signed; host must be among them.'),
      timestamp: oneOf(['seconds', 'milliseconds'])
        .default('seconds')
        .describe('The precision of the timestamp.'),
    })
      .prefault({})
      .describe('How requests are signed; "check" says which variant a server takes.'),
    conflictingDescriptions: oneOf(['fail', 'join'])
      .default('fail')
      .describe('A code that the server lists with two descriptions: fail its VDN, or join them with " / ".'),
  }).transform(({ timeout, outage, ...rest }) => ({ ...rest, timeoutMs: timeout, outageMs: outage }));
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

function tls(directory: string) {
  return mapping({
    caFile: parsedText('a path', (file) => {
      const caFile = resolve(directory, file);
      const certificates = readCertificates(caFile);
      if (certificates.ok) return { ok: true, value: { caFile, ca: certificates.value } };
      const place = isAbsolute(file) ? '' : ` (looked for in ${quote(directory)})`;
      return { ok: false, problems: certificates.problems.map((problem) => problem + place) };
    })
      .exactOptional()
      .describe('A file of trusted certificates (PEM), for a private CA; beside this file unless absolute.'),
    insecureSkipVerify: trueOrFalse()
      .default(false)
      .describe('Takes any certificate: whoever is in between can read and change everything.'),
  })
    .superRefine(refuseContradiction, { when: ({ value }) => typeof value === 'object' && value !== null })
    .prefault({})
    .transform(({ caFile, insecureSkipVerify }) => ({ ...caFile, insecureSkipVerify }))
    .describe('How the server is told from an impostor.');
}

function refuseContradiction(tls: object, context: z.core.$RefinementCtx): void {
  const skips = 'insecureSkipVerify' in tls && tls.insecureSkipVerify === true;
  if (!skips || !('caFile' in tls)) return;
  const message = 'contradicts caFile, which would not be looked at; leave one of the two out';
  context.addIssue({ code: 'custom', path: ['insecureSkipVerify'], message });
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
