import { describe, expect, test } from 'vitest';
import { type Around, load, placeholder, problemsOf, smallest, withSource } from './support.ts';

/** What a secret key comes to. */
async function filled(secretKey: string, around: Around = {}): Promise<string | undefined> {
  return (await load(withSource({ secretKey }), around)).sources[0]?.secretKey;
}

const secretFile = placeholder('file:sk');

describe('a placeholder is filled in', () => {
  test.each([
    ['alone', placeholder('SK'), 'from env'],
    ['amid other text', `<${placeholder('SK')}|${placeholder('OTHER_1')}>`, '<from env|other>'],
    ['from a file, trimmed', secretFile, 'from file'],
    ['from a file in a directory beside', placeholder('file:./more/sk'), 'deeper'],
    [
      'unless it is escaped',
      `$${placeholder('SK')} $${placeholder('')} $ {SK} $SK`,
      `${placeholder('SK')} ${placeholder('')} $ {SK} $SK`,
    ],
  ])('%s', async (_where, secretKey, expected) => {
    const env = { SK: 'from env', OTHER_1: 'other' };
    const files = { sk: '\n from file\r\n', 'more/sk': 'deeper' };
    expect(await filled(secretKey, { env, files })).toBe(expected);
  });

  test('once: what came in is not searched for more', async () => {
    const env = { SK: placeholder('OTHER'), OTHER: 'other' };
    expect(await filled(placeholder('SK'), { env })).toBe(placeholder('OTHER'));
    expect(await filled(secretFile, { env, files: { sk: `$${placeholder('SK')}` } })).toBe(
      `$${placeholder('SK')}`,
    );
  });

  test('after parsing: what came in is no YAML', async () => {
    const env = { SK: 'a"b: [c]\nd: # e' };
    expect(await filled(placeholder('SK'), { env })).toBe(env.SK);
  });

  test('in values, not in keys', async () => {
    const problems = await problemsOf({ ...smallest, [placeholder('KEY')]: 1 }, { env: { KEY: 'log' } });
    expect(problems).toEqual([expect.stringContaining('top level: unknown key $')]);
  });

  test('as a number or a truth value where one belongs', async () => {
    const source = {
      pageSize: placeholder('SIZE'),
      vdns: [placeholder('VDNS')],
      tls: { insecureSkipVerify: placeholder('SKIP') },
    };
    const content = { ...withSource(source), guard: { removedShare: placeholder('SHARE') } };
    const config = await load(content, { env: { SIZE: '20', SKIP: 'true', SHARE: '0.25', VDNS: '5-6' } });
    expect(config.sources[0]).toMatchObject({
      pageSize: 20,
      tls: { insecureSkipVerify: true },
      vdns: [5, 6],
    });
    expect(config.guard.removedShare).toBe(0.25);
  });

  test('as a text where one belongs, also one that looks like YAML', async () => {
    expect(await filled(placeholder('SK'), { env: { SK: '12345' } })).toBe('12345');
  });
});

describe('what cannot be filled in is one problem, and names the key and what is missing', () => {
  const malformed = `has a \${ that begins neither ${placeholder('NAME')} nor ${placeholder('file:PATH')}; write $\${ for the two characters`;
  test.each([
    ['a variable', placeholder('NONE'), 'the environment variable NONE is not set'],
    [
      'a variable that every object seems to have',
      placeholder('constructor'),
      'the environment variable constructor is not set',
    ],
    ['an empty variable', placeholder('EMPTY'), 'the environment variable EMPTY is empty'],
    ['a file', placeholder('file:/none/sk'), 'the file "/none/sk" cannot be read: no such file'],
    ['a directory', placeholder('file:/'), 'the file "/" cannot be read: it is a directory'],
    ['a default value', placeholder('SK:-text'), malformed],
    ['a nested one', `\${file:${placeholder('DIR')}/sk}`, malformed],
    ['an empty one', placeholder(''), malformed],
    ['one that is not closed', 'abc${def', malformed],
  ])('%s', async (_what, secretKey, problem) => {
    const problems = await problemsOf(withSource({ secretKey }), { env: { EMPTY: '' } });
    expect(problems).toEqual([`sources[0].secretKey: ${problem}`]);
  });

  test('an empty file', async () => {
    const problems = await problemsOf(withSource({ secretKey: secretFile }), { files: { sk: ' \n' } });
    expect(problems).toEqual([expect.stringMatching(/^sources\[0\]\.secretKey: the file ".+sk" is empty$/)]);
  });

  test('wherever it stands', async () => {
    const none = placeholder('NONE');
    const source = {
      vdns: [1, none],
      pageSize: none,
      tls: { caFile: none },
      locale: `${none}_US`,
      name: none,
    };
    const content = { ...withSource(source), http: none };
    const problems = await problemsOf(content);
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'sources[0].name',
      'sources[0].vdns[1]',
      'sources[0].pageSize',
      'sources[0].tls.caFile',
      'sources[0].locale',
      'http',
    ]);
  });
});

test('a wrong value that came from a placeholder is shown as the placeholder', async () => {
  const size = placeholder('SIZE');
  const env = { SIZE: '51' };
  const expected = 'expected a whole number from 1 to 50';
  expect(await problemsOf(withSource({ pageSize: size }), { env })).toEqual([
    `sources[0].pageSize is "${size}": ${expected}`,
  ]);
  expect(await problemsOf(withSource({ pageSize: size }), { env: { SIZE: 'many' } })).toEqual([
    `sources[0].pageSize is "${size}": ${expected}`,
  ]);
});
