import * as fs from 'node:fs/promises';
import path from 'node:path';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import type { OpenDatabase } from '../../src/store/database.ts';

export const migrationFolder = path.resolve('migrations');

/** Brings an empty schema to the state after this migration. */
export async function migrateTo({ db, schema }: OpenDatabase, migration: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: new FileMigrationProvider({ fs, path, migrationFolder }),
    migrationTableName: 'schema_migration',
    migrationLockTableName: 'schema_migration_lock',
    migrationTableSchema: schema,
  });
  const { error } = await migrator.migrateTo(migration);
  if (error !== undefined) throw error;
}
