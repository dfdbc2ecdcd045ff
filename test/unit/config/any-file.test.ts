import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import { knownKeys } from '../../../src/config/schema-document.ts';
import { FatalError } from '../../../src/errors.ts';
import { runs } from '../../support/runs.ts';
import { placeholder, smallest, written } from './support.ts';

const key = fc.oneof(
  fc.constantFrom(...knownKeys()),
  fc.constantFrom('__proto__', 'constructor', '', '$'),
  fc.string(),
);
const odd = [
  '',
  '0',
  '-1',
  'NaN',
  '1e999',
  '2024-01-01',
  '~',
  'yes',
  '{',
  '*a',
  '&a',
  placeholder('A'),
  '${',
  'https://',
];
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('list'), tie('mapping')),
  leaf: fc.oneof(fc.constantFrom(...odd), fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  mapping: fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
}));

const text = fc.oneof(
  tree.map((value) => stringify(value)),
  tree.map((value) => stringify({ ...smallest, sources: [value], guard: value })),
  fc.string({ unit: fc.constantFrom(...'abc:-[]{}"\'&*!|>%@#,? \n\t$0') }),
);

const never = 'any file gives a configuration or an error for the operator, never another one';

test(never, { timeout: runs(20_000) }, async () => {
  const file = await written('');
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      await writeFile(file, content);
      const error: unknown = await loadConfig(file, {}).catch((thrown: unknown) => thrown);
      if (error instanceof Error) expect(error).toBeInstanceOf(FatalError);
    }),
    { numRuns: runs(100) },
  );
});
