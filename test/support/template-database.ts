import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { openDatabase } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrator.ts';

export const templateName = 'obs_template';

/** Makes the migrated database that every test database is a clone of. */
export async function createTemplate(serverUrl: string): Promise<void> {
  await accepting(serverUrl);
  const url = databaseUrl(serverUrl, templateName);
  // ICU's order is not the C order of bytes: a query that forgets its collation shows.
  await query(
    serverUrl,
    `create database ${templateName} template template0 locale_provider icu icu_locale 'en-US'`,
  );
  await migrate(url);
  // No client connects to it from now on, since a database with sessions cannot be cloned.
  await query(serverUrl, `alter database ${templateName} allow_connections false`);
}

/** Brings a database's schema `obs` up to date. */
export async function migrate(url: string): Promise<void> {
  const database = await openDatabase({ url, schema: 'obs' });
  try {
    await migrateToLatest(database);
  } finally {
    await database.close();
  }
}

/** A container's port may be open before Postgres listens behind it. */
async function accepting(serverUrl: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await query(serverUrl, 'select 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await wait(50);
    }
  }
}

/** The URL of another database on the same server. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement on a connection of its own, and gives its rows. */
export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
