import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { databaseUrl, query, templateName } from './template-database.ts';

export { startEmbeddedServer } from './embedded-server.ts';

export interface TestDatabase {
  /** As superuser; tables are in schema `obs`, which is not on the search path. */
  url: string;
  /** Drops the database, ending what is still connected to it. */
  close(): Promise<void>;
}

/** A migrated database of the caller's own on the run's server, for one test file (in `beforeAll`) or one test. */
export async function testDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(serverUrl, `create database ${name} template ${templateName} strategy file_copy`);
  return {
    url: databaseUrl(serverUrl, name),
    close: async () => {
      await query(serverUrl, `drop database ${name} with (force)`);
    },
  };
}
