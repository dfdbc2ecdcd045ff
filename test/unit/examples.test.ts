import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { authority } from '../support/certificates.ts';
import { examples, read } from '../support/documents.ts';
import { load, withSource } from './config/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md'], { cwd: root }).sort();
const here = 'test/unit/examples.test.ts';

/** What runs or checks the examples of each document, by their language. */
const checkedBy: Readonly<Record<string, string>> = {
  'CONTRIBUTING.md sh': here,
  'README.md sh': here,
  'README.md sql': 'test/integration/readme.test.ts',
  'README.md yaml': 'test/unit/readme.test.ts',
  'deploy/reporting/dbt/README.md yaml': here,
  'docs/deploying.md sh': 'test/deploy/kubectl-commands.test.ts',
  'docs/deploying.md yaml': 'test/deploy/overlays.test.ts',
  'docs/design.md mermaid': 'test/unit/design.test.ts',
  'docs/network.md sh': 'test/contract/simulator-tls.test.ts',
  'docs/network.md yaml': here,
  'docs/operations.md ': here,
  'docs/operations.md sh': here,
  'docs/operations.md sql': here,
  'docs/performance.md sh': here,
  'docs/reporting-tools.md python': 'test/integration/reporting/recipes.test.ts',
  // The table of calls, in words.
  'docs/reporting.md ': 'test/integration/reporting/recipes.ts',
  'docs/reporting.md sql': 'test/integration/reporting/recipes.test.ts',
  'docs/reporting.md yaml': 'test/integration/reporting/recipes.test.ts',
};

test('every example is run or checked by a test', () => {
  const kinds = new Set(
    documents.flatMap((file) =>
      [...read(file).matchAll(/^( *)```(\w*)\n.*?^ *```$/gms)].map(([, , language]) => `${file} ${language}`),
    ),
  );
  expect([...kinds].sort()).toEqual(Object.keys(checkedBy).sort());
  for (const [kind, file] of Object.entries(checkedBy))
    expect(existsSync(path.join(root, file)), kind).toBe(true);
});

/** Lines of the shell examples, without comments and redirections. */
const shellLines = documents
  .flatMap((file) => examples(read(file), 'sh'))
  .flatMap((text) => text.replaceAll(/\\\n */g, '').split('\n'))
  .map((line) => line.replace(/ *#.*/, '').trim())
  .filter((line) => line !== '');
const inlineCode = documents.flatMap((file) =>
  [
    ...read(file)
      .replaceAll(/^ *```.*?^ *```$/gms, '')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, code = '']) => code),
);

const placeholders: Readonly<Record<string, string>> = {
  PLAN: '0123456789abcdef',
  'I/N': '1/4',
  DURATION: '1h',
  ROLE: 'role',
  FILE: 'file',
};
const commandNames = globSync('src/commands/*.ts', { cwd: root })
  .filter((file) => read(file).includes(`export function ${path.basename(file, '.ts')}Command(`))
  .map((file) => path.basename(file, '.ts'));

/** The arguments that a line or a piece of code gives to this program; undefined where it calls another one. */
function ownArguments(code: string): string[] | undefined {
  const [, called] =
    /^(?:npm start -s --|npx obs-code-sync|obs-code-sync|kubectl .* -- obs-code-sync|docker run .* obs-code-sync:\S+) (.+)/.exec(
      code,
    ) ?? [];
  const words = (called ?? code).replace(/ [|>].*/, '').split(/ +/);
  if (called !== undefined) return words;
  const [name = '', option] = words;
  return commandNames.includes(name) && option?.startsWith('-') ? words : undefined;
}

/** Why the program would refuse these arguments, or undefined. */
async function refusal([name = '', ...args]: readonly string[]): Promise<string | undefined> {
  if (name === '--help' || name === 'COMMAND') return undefined;
  if (!commandNames.includes(name)) return 'no such command';
  const module = await import(`../../src/commands/${name}.ts`);
  const command: Command = module[`${name}Command`](() => {});
  command.exitOverride().configureOutput({ outputError: () => {} });
  try {
    await command
      .action(() => {})
      .parseAsync(
        args.map((word) => placeholders[word] ?? word),
        { from: 'user' },
      );
    return undefined;
  } catch (error) {
    return error instanceof CommanderError ? error.message : String(error);
  }
}

test('the program takes every command in the documents', async () => {
  const commands = new Map<string, readonly string[]>();
  for (const code of [...shellLines, ...inlineCode]) {
    const args = ownArguments(code);
    if (args !== undefined) commands.set(code, args);
  }
  expect(commands.size).toBeGreaterThan(30);
  const refused = await Promise.all(
    [...commands].map(async ([code, args]) => [code, await refusal(args)] as const),
  );
  expect(refused.filter(([, reason]) => reason !== undefined)).toEqual([]);
  expect(await refusal(['sync', '--planted'])).toContain("unknown option '--planted'");
});

test('the other commands of the shell examples have their files, options and scripts', () => {
  const lines = [...shellLines, ...inlineCode.filter((code) => /^np[mx] /.test(code))];
  const missing = lines.flatMap((line) => [
    ...[...line.matchAll(/(?<= )test\/\S+/g)].filter(([file]) => !existsSync(path.join(root, file))),
    ...optionsMissing(line, /^npm run bench -- /, 'test/bench/options.ts'),
    ...optionsMissing(line, /^npm run soak -- /, 'test/support/soak.ts'),
  ]);
  expect(missing).toEqual([]);
});

function optionsMissing(line: string, call: RegExp, file: string): string[] {
  if (!call.test(line)) return [];
  const named = [...line.replace(call, '').matchAll(/--[a-z]+/g)].map(([option]) => option);
  return named.filter((option) => option !== '--help' && !read(file).includes(`'${option} `));
}

test('the database URLs in docs/operations.md load', async () => {
  const urls = examples(read('docs/operations.md'), '').map((text) => text.trim());
  expect(urls).toHaveLength(2);
  for (const url of urls) {
    const database = { url: url.replace('/run/secrets/db-ca.pem', 'db-ca.pem') };
    const sources = [
      { name: 'prod', baseUrl: 'https://10.22.26.181', accessKey: 'A', secretKey: 'S', vdns: [1] },
    ];
    const files = { 'db-ca.pem': (await authority('CA')).cert };
    expect((await load({ database, sources }, { files })).database.url).toContain('obs_writer');
  }
});

test('each SQL in docs/operations.md is run under its heading by a test', () => {
  const tests = globSync('test/**/*.test.ts', { cwd: root }).map(read).join('\n');
  const headings = read('docs/operations.md')
    .split(/^#+ /m)
    .filter((section) => section.includes('```sql\n'))
    .map((section) => section.slice(0, section.indexOf('\n')));
  expect(headings.length).toBeGreaterThan(4);
  expect(headings.filter((heading) => !tests.includes(`sqlUnder('${heading}')`))).toEqual([]);
});

test('the packages.yml of the dbt package is that of its example', () => {
  const [text = ''] = examples(read('deploy/reporting/dbt/README.md'), 'yaml');
  expect(parse(text)).toEqual(parse(read('deploy/reporting/dbt-example/packages.yml')));
});

test('the settings in docs/network.md load', async () => {
  const settings = examples(read('docs/network.md'), 'yaml').map((text) => parse(text));
  expect(settings).toHaveLength(2);
  for (const setting of settings) expect((await load(withSource(setting))).sources).toHaveLength(1);
});
