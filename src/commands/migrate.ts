import { Command, Option } from 'commander';
import { exitCodes } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrateToLatest, schemaState } from '../store/migrator.ts';
import { grantRights } from '../store/rights.ts';
import {
  type CommonOptions,
  type Exit,
  loadConfiguration,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { coloured, print, table } from './terminal.ts';

interface MigrateOptions extends CommonOptions {
  readonly status?: boolean;
  readonly grantWriter?: readonly string[];
  readonly grantReader?: readonly string[];
}

/** `migrate`: brings the schema up to date. */
export function migrateCommand(exit: Exit): Command {
  return withCommonOptions(new Command('migrate'))
    .description('bring the database schema up to date')
    .addOption(
      new Option('--status', 'list the migrations instead').conflicts(['grantWriter', 'grantReader']),
    )
    .option('--grant-writer <role>', 'give a role the rights that sync needs (repeatable)', collect)
    .option('--grant-reader <role>', 'give a role the rights that reports need (repeatable)', collect)
    .addHelpText('after', examples)
    .action(async (options: MigrateOptions) => {
      const { database } = await loadConfiguration(options);
      if (options.status) await withDatabase(database, listMigrations, { repeats: 'read' });
      else {
        const work = (open: OpenDatabase) => migrateAndGrant(open, options);
        await withDatabase(database, work, { missing: 'make', repeats: 'write' });
      }
      exit(exitCodes.done);
    });
}

const examples = `
The roles must exist; they also get rights on what later migrations add.

Examples:
  obs-code-sync migrate
  obs-code-sync migrate --status
  obs-code-sync migrate --grant-writer obs_writer --grant-reader obs_reader`;

async function migrateAndGrant(
  database: OpenDatabase,
  { grantWriter: writers = [], grantReader: readers = [] }: MigrateOptions,
): Promise<void> {
  const { schema, where } = database;
  const applied = await migrateToLatest(database);
  print(
    applied.length === 0
      ? `Schema ${schema} ${where} is up to date.`
      : `Applied to schema ${schema} ${where}: ${applied.join(', ')}.`,
  );
  if (writers.length + readers.length === 0) return;
  await grantRights(database, { writers, readers });
  for (const [kind, roles] of Object.entries({ writer: writers, reader: readers })) {
    for (const role of roles) print(`The role ${role} has the rights of a ${kind}.`);
  }
}

async function listMigrations(database: OpenDatabase): Promise<void> {
  const { applied, pending, unknown } = await schemaState(database);
  const known = applied.filter((name) => !unknown.includes(name));
  const rows = [
    ...known.map((name) => [name, coloured('green', 'applied')]),
    ...pending.map((name) => [name, coloured('yellow', 'pending')]),
    ...unknown.map((name) => [name, coloured('red', 'applied by a newer version')]),
  ];
  print(table(['migration', 'state'], rows));
}

function collect(role: string, earlier: readonly string[] = []): string[] {
  return [...earlier, role];
}
