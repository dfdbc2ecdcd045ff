import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { load, withSource } from './config/support.ts';

const document = readFileSync(new URL('../../docs/network.md', import.meta.url), 'utf8');

test('the settings in docs/network.md load', async () => {
  const settings = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => parse(text));
  expect(settings).toHaveLength(2);
  for (const setting of settings) expect((await load(withSource(setting))).sources).toHaveLength(1);
});
