import { describe, expect, test } from 'vitest';
import { placeholder, problemsOf, smallest, type Tree, withSource } from './support.ts';

const entry = 'expected a VDN from 1 to 9999 or a range such as 100-120';
const databaseUrl = 'expected postgres://…, postgresql://… or pglite:DIR';
const duration = 'expected a duration such as 500ms, 10s, 15m, 36h or 90d';
const encode = 'percent-encode characters such as # / ? @ in the user name and the password (# is %23)';
const plainHttp =
  'plain http is for loopback addresses only, since others could read it on the way; use https';
const blankAround =
  'expected a text without blanks or line breaks before or after it; ${file:PATH} leaves them out';
const schemaName = 'expected at most 63 of a-z, 0-9 and _, not a digit first and not beginning with pg_';

type Case = readonly [setting: string, value: unknown, problem: string];

const sourceCases: readonly Case[] = [
  ['name', 'Prod', 'name is "Prod": expected lower-case letters, digits, _ and -, a letter first'],
  ['name', undefined, 'name is missing: expected lower-case letters, digits, _ and -, a letter first'],
  ['baseUrl', 'http://10.22.26.181:28443', `baseUrl is "http://10.22.26.181:28443/": ${plainHttp}`],
  ['baseUrl', 'http://localhost.example', `baseUrl is "http://localhost.example/": ${plainHttp}`],
  ['baseUrl', 'http://127.evil.example', `baseUrl is "http://127.evil.example/": ${plainHttp}`],
  [
    'baseUrl',
    '10.0.0.1:28443',
    'baseUrl is "10.0.0.1:28443": expected a URL such as https://10.22.26.181:28443',
  ],
  ['baseUrl', 'h?token=x', 'baseUrl (not shown): expected a URL such as https://10.22.26.181:28443'],
  ['baseUrl', 'ftp://h', 'baseUrl is "ftp://h/": expected a URL such as https://10.22.26.181:28443'],
  ['baseUrl', 'https://h/?', 'baseUrl is "https://h/": leave the query and the fragment out'],
  ['baseUrl', 'https://h/#x', 'baseUrl is "https://h/": leave the query and the fragment out'],
  [
    'baseUrl',
    'https://u:p@h',
    'baseUrl is "https://h/": leave user name and password out; the keys belong in accessKey and secretKey',
  ],
  [
    'baseUrl',
    'https://h/rest/isales/v1',
    'baseUrl is "https://h/rest/isales/v1": leave the path of the interface (/rest/…) out; it is added to every request',
  ],
  [
    'baseUrl',
    'https://h/a b',
    'baseUrl is "https://h/a%20b": a path before /rest may hold letters, digits and . _ ~ - only',
  ],
  ['accessKey', 'A K', 'accessKey (not shown): expected a text without blanks and line breaks'],
  [
    'accessKey',
    123,
    'accessKey (not shown): expected a text without blanks and line breaks; a number needs quotes here',
  ],
  ['secretKey', undefined, `secretKey is missing: ${blankAround}`],
  ['secretKey', null, `secretKey is empty: ${blankAround}`],
  ['secretKey', '', `secretKey (not shown): ${blankAround}`],
  ['secretKey', 'SK\n', `secretKey (not shown): ${blankAround}`],
  [
    'vdns',
    [],
    `vdns is []: the list is empty; expected at least a VDN from 1 to 9999 or a range such as 100-120`,
  ],
  ['vdns', undefined, 'vdns is missing: expected a list such as [1, 25, "100-120"]'],
  ['vdns', '1,25', 'vdns is a text: expected a list such as [1, 25, "100-120"]'],
  ['vdns', [1, 10000], `vdns[1] is 10000: outside 1 to 9999; ${entry}`],
  ['vdns', ['1-9', '5-20'], 'vdns[1] is "5-20": VDNs 5 to 9 are listed already by the entry "1-9"'],
  ['vdns', [1.5], `vdns[0] is 1.5: ${entry}`],
  ['vdns', [[1]], `vdns[0] is a list: ${entry}`],
  ['vdns', [null], `vdns[0] is empty: ${entry}`],
  ['locale', 'english please', 'locale is "english please": expected a language such as zh_CN or en_US'],
  ['pageSize', 51, 'pageSize is 51: expected a whole number from 1 to 50'],
  ['pageSize', 0, 'pageSize is 0: expected a whole number from 1 to 50'],
  ['pageSize', 1.5, 'pageSize is 1.5: expected a whole number from 1 to 50'],
  ['pageSize', '50', 'pageSize is "50": expected a whole number from 1 to 50'],
  ['concurrency', 11, 'concurrency is 11: expected a whole number from 1 to 10'],
  ['requestsPerSecond', 0, 'requestsPerSecond is 0: expected a number from 0.01 to 1000'],
  ['timeout', 10, `timeout is 10: ${duration}`],
  ['timeout', '10 seconds', `timeout is "10 seconds": ${duration}`],
  ['timeout', '2h', 'timeout is "2h": expected at most 1h'],
  ['retries', -1, 'retries is -1: expected a whole number from 0 to 20'],
  ['tls', { insecureSkipVerify: 'yes' }, 'tls.insecureSkipVerify is "yes": expected true or false'],
  [
    'signing',
    { headers: ['content-type'] },
    'signing.headers is a list: host is missing; the server refuses a signature without it',
  ],
  ['signing', { headers: ['host', 'host'] }, 'signing.headers is a list: names a header twice'],
  [
    'signing',
    { headers: ['host', 'date'] },
    'signing.headers[1] is "date": expected one of content-type, host',
  ],
  [
    'signing',
    { timestamp: 'minutes' },
    'signing.timestamp is "minutes": expected one of seconds, milliseconds',
  ],
];

describe('a source is refused, with path, value and what is expected', () => {
  test.each(sourceCases)('%s: %j', async (setting, value, problem) => {
    expect(await problemsOf(withSource({ [setting]: value }))).toEqual([`sources[0].${problem}`]);
  });

  test('that has the name of another', async () => {
    expect(await problemsOf(withSource({ name: 'a' }, { name: 'b' }, { name: 'a' }))).toEqual([
      'sources[2].name is "a": the name of sources[0] already; expected another one',
    ]);
  });
});

const sectionCases: readonly Case[] = [
  ['database', undefined, 'database is missing: expected a mapping of url, schema'],
  ['database', { url: 'mysql://h/db' }, `database.url is "mysql://h/db": ${databaseUrl}`],
  ['database', { url: 'h:5432/db' }, `database.url (not shown): ${databaseUrl}`],
  [
    'database',
    { url: 'postgres://u:p#w@h/db' },
    `database.url (not shown): cannot be read as a URL; ${encode}`,
  ],
  [
    'database',
    { url: 'postgres://u:1/2@h/db' },
    `database.url (not shown): cannot be read as a URL; ${encode}`,
  ],
  [
    'database',
    { url: 'pglite:' },
    'database.url (not shown): expected pglite:DIR, a directory such as pglite:./obs-data',
  ],
  [
    'database',
    { url: 'pglite://obs-data' },
    'database.url is "pglite://obs-data": expected pglite:DIR, a directory such as pglite:./obs-data',
  ],
  ['database', { ...smallest.database, schema: 'pg_obs' }, `database.schema is "pg_obs": ${schemaName}`],
  [
    'database',
    { ...smallest.database, schema: 'Obs; drop' },
    `database.schema is "Obs; drop": ${schemaName}`,
  ],
  ['sources', [], 'sources is []: expected at least one source'],
  ['sources', { prod: {} }, 'sources is a mapping: expected a list of sources'],
  ['guard', { removedShare: 20 }, 'guard.removedShare is 20: expected a number from 0 to 1'],
  ['guard', { atLeast: 0 }, 'guard.atLeast is 0: expected a whole number from 1 to 100000'],
  ['guard', null, 'guard is empty: expected a mapping of removedShare, rewrittenShare, atLeast, source'],
  ['guard', { source: { removedShare: 5 } }, 'guard.source.removedShare is 5: expected a number from 0 to 1'],
  ['schedule', { cron: '' }, 'schedule.cron is "": expected a cron expression such as "15 2 * * *"'],
  [
    'schedule',
    { cron: '* * * * *', timezone: 'Mars/Olympus' },
    'schedule.timezone is "Mars/Olympus": expected a time zone such as Asia/Shanghai or UTC',
  ],
  [
    'http',
    { port: 65536 },
    'http.port is 65536: expected a whole number from 0 to 65535; 0 takes any free one',
  ],
  ['retention', { runs: '0d' }, `retention.runs is "0d": ${duration}`],
  ['run', { maxDuration: '25d' }, 'run.maxDuration is "25d": expected at most 24d'],
  [
    'log',
    { level: 'verbose' },
    'log.level is "verbose": expected one of fatal, error, warn, info, debug, trace, silent',
  ],
  ['gaurd', {}, 'top level: unknown key gaurd; did you mean guard?'],
  ['log', { Level: 'info' }, 'log: unknown key Level; did you mean level?'],
  ['log', { colour: true }, 'log: unknown key colour; known here: level'],
  [
    '<<',
    { a: 1 },
    'top level: unknown key <<; known here: database, sources, guard, schedule, http, retention, freshness, run, notify, log',
  ],
];

describe('a section is refused, with path, value and what is expected', () => {
  test.each(sectionCases)('%s: %j', async (section, value, problem) => {
    expect(await problemsOf({ ...smallest, [section]: value })).toEqual([problem]);
  });
});

describe('certificates are refused', () => {
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const cases: readonly (readonly [Tree, RegExp])[] = [
    [
      { caFile: 'none.pem' },
      /^sources\[0\]\.tls\.caFile is "none\.pem": cannot be read: no such file \(looked for in ".+"\)$/,
    ],
    [{ caFile: '.' }, /caFile is ".": cannot be read: it is a directory/],
    [{ caFile: 'note.txt' }, /caFile is "note.txt": holds no certificate; expected PEM text/],
    [{ caFile: 'damaged.pem' }, /caFile is "damaged.pem": certificate 1 of 1 in it is damaged/],
  ];
  test.each(cases)('%j', async (tls, problem) => {
    const files = { 'note.txt': 'no certificate', 'damaged.pem': damaged };
    expect(await problemsOf(withSource({ tls }), { files })).toEqual([expect.stringMatching(problem)]);
  });

  test('that would not be looked at, whether or not they can be read', async () => {
    const problems = await problemsOf(withSource({ tls: { caFile: 'none.pem', insecureSkipVerify: true } }));
    expect(problems).toEqual([
      expect.stringContaining('caFile is "none.pem": cannot be read'),
      'sources[0].tls.insecureSkipVerify is true: contradicts caFile, which would not be looked at; leave one of the two out',
    ]);
  });
});

test('everything that is wrong is reported at once', async () => {
  const content = {
    database: { url: 'oracle://h/db', schem: 'obs' },
    sources: [
      {
        name: 'a',
        baseUrl: 'http://h',
        accessKey: placeholder('NOT_SET'),
        secretKey: 'SK',
        vdns: [0, 3, 3],
        pageSize: 51,
      },
      { name: 'a', baseUrl: 'https://h', accessKey: 'AK', secretKey: placeholder('file:none'), vdns: [1] },
    ],
    schedule: { timezone: 'UTC' },
  };
  expect(await problemsOf(content)).toEqual([
    'sources[0].accessKey: the environment variable NOT_SET is not set',
    expect.stringMatching(/^sources\[1\]\.secretKey: the file ".+none" cannot be read: no such file$/),
    `database.url is "oracle://h/db": ${databaseUrl}`,
    'database: unknown key schem; did you mean schema?',
    `sources[0].baseUrl is "http://h/": ${plainHttp}`,
    `sources[0].vdns[0] is 0: outside 1 to 9999; ${entry}`,
    'sources[0].vdns[2] is 3: VDN 3 is listed already by the entry "3"',
    'sources[0].pageSize is 51: expected a whole number from 1 to 50',
    'sources[1].name is "a": the name of sources[0] already; expected another one',
    'schedule.cron is missing: expected a cron expression such as "15 2 * * *"',
  ]);
});
