import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { FatalError } from '../../../src/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A tree as YAML would give it. */
export type Tree = Record<string, unknown>;

/** Everything that is required and nothing else. */
export const smallest = {
  database: { url: 'postgres://writer@db.example/reports' },
  sources: [
    { name: 'prod', baseUrl: 'https://10.22.26.181:28443', accessKey: 'AK', secretKey: 'SK', vdns: [1] },
  ],
};

/** The smallest configuration with its only source changed; a setting that is undefined is left out. */
export function withSource(...changes: Tree[]): Tree {
  return { ...smallest, sources: changes.map((change) => ({ ...smallest.sources[0], ...change })) };
}

/** How a placeholder is written. */
export const placeholder = (name: string) => `\${${name}}`;

export interface Around {
  readonly env?: NodeJS.ProcessEnv;
  /** Contents of files beside the configuration file, by relative path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

/** Loads a configuration file that holds this text or tree, from a directory of its own. */
export async function load(content: string | Tree, around: Around = {}): Promise<Config> {
  return loadConfig(await written(content, around), around.env ?? {});
}

/** The path of a configuration file that holds this text or tree, in a directory of its own. */
export async function written(content: string | Tree, { files = {} }: Around = {}): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
  const file = path.join(directory, 'obs-code-sync.yaml');
  await writeFile(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

/** The lines of the error that loading ends with, without the first one, which names the file. */
export async function problemsOf(content: string | Tree, around: Around = {}): Promise<string[]> {
  const [, ...lines] = (await errorOf(load(content, around))).message.split('\n');
  return lines.map((line) => line.trim());
}

/** The error of a load that must fail, and with the code that makes the exit 2. */
export async function errorOf(loading: Promise<Config>): Promise<FatalError> {
  const error = await loading.then(
    () => new Error('the configuration was taken'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FatalError)) throw error;
  if (error.code !== 'configuration') throw new Error(`ended with the code ${error.code}`);
  return error;
}
