import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { authority } from '../support/certificates.ts';
import { examples, read, tableRows } from '../support/documents.ts';
import { load } from './config/support.ts';

const readme = read('README.md');
const firstCells = (title: string) => tableRows(readme, title).map(([cell = '']) => cell);

test('the exit codes are the program’s', () => {
  const codes = firstCells('code').flatMap((cell) => cell.split(', ').map(Number));
  expect(codes.toSorted()).toEqual(Object.values(exitCodes).toSorted());
});

test('the configuration loads', async () => {
  const [text = ''] = examples(readme, 'yaml');
  const { sources } = await load(text.replace('/run/secrets/isales-sk', 'isales-sk'), {
    env: { DATABASE_URL: 'postgres://obs_writer@db.example.com:5432/warehouse', ISALES_AK: 'ak' },
    files: { 'isales-sk': 'secret', 'ca.pem': (await authority('CA')).cert },
  });
  expect(sources).toMatchObject([{ name: 'prod', locale: 'en_US' }]);
  expect(sources[0]?.vdns).toHaveLength(23);
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
});
