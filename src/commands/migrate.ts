import { Command } from 'commander';
import { exitCodes } from '../errors.ts';
import type { OpenDatabase } from '../store/database.ts';
import { migrateToLatest, schemaState } from '../store/migrator.ts';
import {
  type CommonOptions,
  type Exit,
  loadConfiguration,
  withCommonOptions,
  withDatabase,
} from './common.ts';
import { coloured, print, table } from './terminal.ts';

/** `migrate`: brings the schema up to date. */
export function migrateCommand(exit: Exit): Command {
  return withCommonOptions(new Command('migrate'))
    .description('bring the database schema up to date')
    .option('--status', 'list the migrations instead')
    .addHelpText('after', '\nExamples:\n  obs-code-sync migrate\n  obs-code-sync migrate --status')
    .action(async (options: CommonOptions & { status?: boolean }) => {
      const { database: config } = await loadConfiguration(options);
      const work = async (database: OpenDatabase) => {
        if (options.status) {
          const { applied, pending, unknown } = await schemaState(database);
          const known = applied.filter((name) => !unknown.includes(name));
          const rows = [
            ...known.map((name) => [name, coloured('green', 'applied')]),
            ...pending.map((name) => [name, coloured('yellow', 'pending')]),
            ...unknown.map((name) => [name, coloured('red', 'applied by a newer version')]),
          ];
          print(table(['migration', 'state'], rows));
          return;
        }
        const applied = await migrateToLatest(database);
        print(
          applied.length === 0
            ? `Schema ${database.schema} ${database.where} is up to date.`
            : `Applied to schema ${database.schema} ${database.where}: ${applied.join(', ')}.`,
        );
      };
      await withDatabase(
        config,
        work,
        options.status ? { repeats: 'read' } : { missing: 'make', repeats: 'write' },
      );
      exit(exitCodes.done);
    });
}
