import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { exitCodes } from '../../src/errors.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

/** The contents of the fenced blocks of a language. */
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  );

/** First cells of the rows of all tables whose head begins with this title. */
const firstCells = (title: string) =>
  [...readme.matchAll(new RegExp(`^\\| ${title} \\|.*\\n\\| --- .*\\n((?:\\|.*\\n)+)`, 'gm'))].flatMap(
    ([, rows = '']) => [...rows.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell),
  );

test('the exit codes are the program’s', () => {
  const codes = firstCells('code').flatMap((cell) => cell.split(', ').map(Number));
  expect(codes.toSorted()).toEqual(Object.values(exitCodes).toSorted());
});

test('the configurations load', async () => {
  const [first = '', languages = ''] = blocks('yaml');
  const directory = await mkdtemp(path.join(os.tmpdir(), 'obs-readme-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(path.join(directory, 'isales-sk'), 'secret');
  const file = path.join(directory, 'obs-code-sync.yaml');
  const env = { DATABASE_URL: 'postgres://writer@db.example.com:5432/warehouse', ISALES_AK: 'ak' };
  const load = async (text: string) => {
    await writeFile(file, text.replaceAll('/run/secrets/isales-sk', 'isales-sk'));
    return loadConfig(file, env);
  };
  expect((await load(first)).sources[0]?.vdns).toHaveLength(23);
  expect((await load(`database: { url: "\${DATABASE_URL}" }\n${languages}`)).sources).toMatchObject([
    { name: 'prod-en', locale: 'en_US', vdns: expect.arrayContaining([25]) },
    { name: 'prod-zh', locale: 'zh_CN', vdns: expect.arrayContaining([25]) },
  ]);
});

test('the commands and options that it names exist', async () => {
  const commands = firstCells('command').map((cell) => cell.replaceAll('`', ''));
  const rows = readme
    .split('\n')
    .filter((line) => commands.some((command) => line.startsWith(`| \`${command}\` |`)));
  expect(rows).toHaveLength(commands.length);
  const helps = await Promise.all(
    commands.map(async (name) => {
      const module = await import(`../../src/commands/${name}.ts`);
      const command: Command = module[`${name}Command`](() => {});
      return command.helpInformation();
    }),
  );
  for (const [index, row] of rows.entries()) {
    const options = [...row.matchAll(/`(--[a-z-]+)`/g)].map(([, option]) => option);
    for (const option of [...options, '--config', '--log-level']) expect(helps[index]).toContain(option);
  }
  for (const [, command = ''] of blocks('sh')
    .join('')
    .matchAll(/npm start -s -- ([a-z]\S*)/g)) {
    expect(commands).toContain(command);
  }
});
