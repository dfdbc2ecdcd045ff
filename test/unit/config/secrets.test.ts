import { describe, expect, test } from 'vitest';
import { type Around, errorOf, load, placeholder, smallest, type Tree, withSource } from './support.ts';

/** Part of every secret below; no error may hold it. */
const marker = 'Zq7marked';

const env = {
  SECRET: `${marker} `,
  LIST: `${marker},1`,
  URL: `postgres://u:${marker}#x@h/db`,
  BASE: `http://u:${marker}@h/?token=${marker}`,
};
const around: Around = {
  env,
  files: { sk: `${marker}\n${marker}`, 'ca.pem': `-----BEGIN PRIVATE KEY-----\n${marker}` },
};

const secret = placeholder('SECRET');

const trees: Record<string, Tree> = {
  'a secret key with a blank': withSource({ secretKey: `${marker} ` }),
  'an access key with a blank': withSource({ accessKey: `${marker} x` }),
  'keys from the environment': withSource({ accessKey: secret, secretKey: secret }),
  'keys from a file': withSource({ accessKey: placeholder('file:sk') }),
  'a key that is a list': withSource({ secretKey: [marker] }),
  'a key that is a mapping': withSource({ secretKey: { value: marker } }),
  'a key with a broken placeholder': withSource({ secretKey: `${marker}\${${marker}-x}` }),
  'a misspelt key': withSource({ secretkey: marker, sk: marker }),
  'a key in the wrong section': { ...smallest, secretKey: marker, http: { secretKey: marker } },
  'a database given as a text': { ...smallest, database: `postgres://u:${marker}@h/db` },
  'a database of another kind': { ...smallest, database: { url: `mysql://u:${marker}@h/db` } },
  'a database in the words of libpq': { ...smallest, database: { url: `host=h password=${marker}` } },
  'a database in the words of JDBC': {
    ...smallest,
    database: { url: `jdbc:postgresql://h/db?password=${marker}` },
  },
  'a password with a slash': { ...smallest, database: { url: `postgres://u:12/${marker}@h/db` } },
  'a password with a hash': { ...smallest, database: { url: `postgres://u:12#${marker}@h/db` } },
  'a password with an at sign': { ...smallest, database: { url: `mysql://u:${marker}@${marker}@h/db` } },
  'a password in a query of another kind': {
    ...smallest,
    database: { url: `mysql://h/db?password=${marker}` },
  },
  'a database URL from the environment': { ...smallest, database: { url: placeholder('URL') } },
  'a database URL put together': { ...smallest, database: { url: `my${placeholder('URL')}` } },
  'a base URL with credentials': withSource({ baseUrl: `https://u:${marker}@h/` }),
  'a base URL with a token': withSource({ baseUrl: `https://h/?token=${marker}` }),
  'a base URL from the environment': withSource({ baseUrl: placeholder('BASE') }),
  'a receiver of another kind': { ...smallest, notify: { url: `ftp://h/${marker}` } },
  'a receiver under another key': { ...smallest, notify: { uri: `https://h/${marker}` } },
  'a receiver that is no mapping': { ...smallest, notify: `https://h/${marker}` },
  'a base URL without a scheme': withSource({ baseUrl: `u:${marker}@h` }),
  'texts where mappings and lists belong': { ...smallest, sources: marker, guard: marker, http: [marker] },
  'VDNs from the environment': withSource({ vdns: [secret, placeholder('LIST')] }),
  'a list of VDNs from the environment': withSource({ vdns: secret }),
  'a number from the environment': withSource({ pageSize: secret, retries: secret, timeout: secret }),
  'words from the environment': {
    ...withSource({ name: secret, locale: secret, signing: { headers: [secret], timestamp: secret } }),
    log: { level: secret },
    schedule: { cron: '* * * * *', timezone: secret },
  },
  'two names from the environment': withSource({ name: placeholder('NAME') }, { name: placeholder('NAME') }),
  'a CA file named by the environment': withSource({ tls: { caFile: secret } }),
  'a CA file that holds a private key': withSource({ tls: { caFile: 'ca.pem' } }),
};

const texts: Record<string, string> = {
  'a quote that is not closed': `sources:\n  - secretKey: "${marker}\n    name: prod\n`,
  'a quote that is not closed on its own line': `secretKey: "${marker}`,
  'a reserved character': `secretKey: @${marker}\n`,
  'a bad escape': `secretKey: "\\${marker}"\n`,
  'two keys on a line': `database: url: postgres://u:${marker}@h/db\n`,
  'a flow mapping': `sources: [{name: a, secretKey: ${marker}, b: c: d}]\n`,
  'a known key before a hidden one': `name: {secretKey: ${marker}\n`,
  'an unknown key': `sk: "${marker}\n`,
  'a missing colon': `database: {}\nsecretKey ${marker}\n`,
  'a missing blank': `sources:\n  - {name: a, secretKey:${marker}}\n`,
  'a missing blank on a line of its own': `sources:\n  - name: a\n    secretKey:${marker}\n`,
  'a continued text': `secretKey: >\n  a\n ${marker}\n x: y\n`,
  'a key that is there twice': `secretKey: ${marker}\nsecretKey: ${marker}\n`,
  'an alias': `secretKey: *${marker}\n`,
  'a tag': `secretKey: !${marker} x\n`,
  'a directive': `%${marker}\n---\na: 1\n`,
  'a text alone': marker,
};

/** The error, its causes and their properties: all that a logger might write. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  const properties = Object.entries(error).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [error.message, error.stack, ...properties, everythingIn(error.cause)].join('\n');
}

describe('no error shows a secret', () => {
  test.each(Object.entries(trees))('%s', async (_mistake, content) => {
    const env = { ...around.env, NAME: `zq7${marker.toLowerCase()}` };
    const everything = everythingIn(await errorOf(load(content, { ...around, env })));
    expect(everything).not.toMatch(new RegExp(marker, 'i'));
  });

  test.each(Object.entries(texts))('%s', async (_mistake, content) => {
    expect(everythingIn(await errorOf(load(content, around)))).not.toMatch(new RegExp(marker, 'i'));
  });
});
