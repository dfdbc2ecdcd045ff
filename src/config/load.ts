import { dirname, resolve } from 'node:path';
import { FatalError } from '../errors.ts';
import { fillIn, isPlaceholder } from './placeholders.ts';
import { describeProblems, schemaProblems } from './problems.ts';
import { readText } from './read-text.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';
import { valueAt } from './tree.ts';
import { parseYaml } from './yaml-file.ts';

/**
 * The configuration in a YAML file, with placeholders filled in from `env` and from files. Relative paths in it begin
 * at the file's own directory.
 *
 * @param namedBy what the file was named by, for the message where there is none
 * @throws FatalError `configuration` that lists everything that is wrong
 */
export async function loadConfig(
  named: string,
  env: NodeJS.ProcessEnv,
  namedBy = '--config',
): Promise<Config> {
  const file = resolve(named);
  const written = parseYaml(readConfigFile(file, namedBy), file);
  const directory = dirname(file);
  const { tree, problems: unfilled } = fillIn(written, { env, directory });

  const result = check(configSchema(directory, env), tree, written);
  const problems = [...unfilled, ...schemaProblems(result.error?.issues ?? [], unfilled)];
  if (result.success && problems.length === 0) return result.data;

  const lines = describeProblems(problems, written);
  const count = lines.length === 1 ? 'one problem' : `${lines.length} problems`;
  throw new FatalError(
    'configuration',
    [`${file} has ${count}:`, ...lines.map((line) => `  ${line}`)].join('\n'),
  );
}

function readConfigFile(file: string, namedBy: string): string {
  const content = readText(file);
  if (content.ok) return content.value;
  if (content.code !== 'ENOENT') {
    throw new FatalError(
      'configuration',
      `The configuration file ${file} cannot be read: ${content.problems[0]}.`,
    );
  }
  throw new FatalError(
    'configuration',
    `There is no configuration file ${file} (named by ${namedBy}). Copy obs-code-sync.example.yaml, ` +
      'or name another with --config FILE or OBS_CODE_SYNC_CONFIG.',
  );
}

/**
 * A placeholder always gives a text. Where the schema then wants a number, or true or false, and the text is one,
 * it is taken for it: `pageSize: ${PAGE_SIZE}`.
 */
function check(schema: ReturnType<typeof configSchema>, tree: unknown, written: unknown) {
  const first = schema.safeParse(tree);
  let replaced = false;
  for (const { code, path } of first.error?.issues ?? []) {
    const placeholder = valueAt(written, path);
    if (code !== 'invalid_type' || typeof placeholder !== 'string' || !isPlaceholder(placeholder)) continue;
    const parent = valueAt(tree, path.slice(0, -1));
    const value = plainValue(valueAt(tree, path));
    const key = path.at(-1);
    if (typeof parent !== 'object' || parent === null || value === undefined || key === undefined) continue;
    replaced = Reflect.set(parent, key, value) || replaced;
  }
  return replaced ? schema.safeParse(tree) : first;
}

/** The number or truth value that a text spells. */
function plainValue(text: unknown): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return typeof text === 'string' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
