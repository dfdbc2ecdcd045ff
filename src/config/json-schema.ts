/**
 * `npm run schema` writes config.schema.json; `npm run schema -- --check` fails where the file is not what would be
 * written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { schemaDocument } from './schema-document.ts';

const file = new URL('../../config.schema.json', import.meta.url);

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== schemaDocument()) {
    console.error('config.schema.json is stale: run "npm run schema" and commit the file.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, schemaDocument());
}
