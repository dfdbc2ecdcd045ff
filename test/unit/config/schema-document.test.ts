import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { loadConfig } from '../../../src/config/load.ts';
import { knownKeys, schemaDocument } from '../../../src/config/schema-document.ts';
import { makeCertificate } from '../../../src/simulator/certificate.ts';
import { placeholder, smallest, type Tree, withSource, written } from './support.ts';

const root = path.join(import.meta.dirname, '../../..');
const example = await readFile(path.join(root, 'obs-code-sync.example.yaml'), 'utf8');

/** The example with the settings in it that are commented out. */
const fullExample = example.replaceAll(/^( *)# ( *)(?=\w+:( |$))/gm, '$1$2');

const schemaNode = z.object({
  description: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
});

describe('config.schema.json', () => {
  const taken = (content: unknown) =>
    z.fromJSONSchema(JSON.parse(schemaDocument())).safeParse(content).success;

  test('describes every key', () => {
    const undescribed = (node: unknown): string[] => {
      const { properties = {}, items } = schemaNode.parse(node);
      const here = Object.entries(properties).filter(
        ([, property]) => !schemaNode.parse(property).description,
      );
      return [
        ...here.map(([key]) => key),
        ...Object.values(properties).flatMap(undescribed),
        ...(items === undefined ? [] : undescribed(items)),
      ];
    };
    expect(undescribed(JSON.parse(schemaDocument()))).toEqual([]);
  });

  test('takes the example, and placeholders in place of texts, numbers and truth values', () => {
    const x = placeholder('X');
    const source = { name: x, baseUrl: x, locale: x, pageSize: x, vdns: [x], tls: { insecureSkipVerify: x } };
    expect(taken(parse(example))).toBe(true);
    expect(taken(parse(fullExample))).toBe(true);
    expect(taken({ ...withSource({ ...source, signing: { timestamp: x } }), http: { port: x } })).toBe(true);
  });

  const refused: Tree[] = [
    {},
    { ...smallest, gaurd: {} },
    { ...smallest, http: { port: 70_000 } },
    { ...smallest, sources: [] },
    withSource({ pageSize: 51 }),
    withSource({ pageSize: 'x' }),
    withSource({ vdns: [0] }),
    withSource({ vdns: ['a'] }),
    withSource({ secretKey: 5 }),
  ];
  test.each(refused)('does not take %j', (content) => {
    expect(taken(content)).toBe(false);
  });
});

describe('obs-code-sync.example.yaml', () => {
  const env = { DATABASE_URL: 'postgres://writer@db.example/reports', ISALES_AK: 'AK' };

  test('tells editors its schema in the first line', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./config.schema.json');
  });

  test('loads once the variables and the secret file that it names are there', async () => {
    const file = await written(example.replace('/run/secrets/isales-sk', 'isales-sk'), {
      files: { 'isales-sk': 'SK\n' },
    });
    const { sources } = await loadConfig(file, env);
    expect(sources[0]).toMatchObject({ name: 'prod', accessKey: 'AK', secretKey: 'SK' });
    expect(sources[0]?.vdns).toHaveLength(23);
  });

  test('loads with every setting that is commented out', async () => {
    const { caPem, cert, key } = await makeCertificate('valid');
    const files = { 'isales-sk': 'SK\n', 'ca.pem': caPem, 'client.pem': cert, 'client.key': key };
    const file = await written(fullExample.replace('/run/secrets/isales-sk', 'isales-sk'), { files });
    const { sources } = await loadConfig(file, env);
    expect(sources[0]).toMatchObject({
      locale: 'en_US',
      requestsPerSecond: 10,
      proxy: 'http://proxy.example.com:3128/',
      tls: { ca: `${files['ca.pem'].trim()}\n`, cert: `${cert.trim()}\n`, key },
    });
  });

  test('shows every key that there is', () => {
    const keysOf = (value: unknown): string[] =>
      Array.isArray(value)
        ? value.flatMap(keysOf)
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])
          : [];
    expect([...new Set(keysOf(parse(fullExample)))].toSorted()).toEqual([...knownKeys()].toSorted());
  });
});
