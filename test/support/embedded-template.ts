import { cpSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrator.ts';
import { until } from './sessions.ts';

/**
 * Puts a migrated embedded database into a directory. To make one takes seconds and to copy one a moment, so the first
 * worker that needs one makes it for the whole run.
 */
export async function copyEmbeddedDatabase(directory: string): Promise<void> {
  const template = path.join(inject('embeddedDirectory'), 'template');
  const finished = path.join(inject('embeddedDirectory'), 'template-finished');
  if (await isFirst(template)) {
    const database = await openDatabase({ url: `pglite:${template}`, schema: 'obs' });
    await migrateToLatest(database);
    await database.close();
    await writeFile(finished, '');
  }
  await until('another worker has made the embedded database', () => existsSync(finished));
  // Its asynchronous sibling takes seven times as long for the thousand files.
  cpSync(template, directory, { recursive: true });
}

async function isFirst(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** A migrated embedded database of the caller's own, removed with all others at the end of the run. */
export async function embeddedDatabase(): Promise<string> {
  const directory = await mkdtemp(path.join(inject('embeddedDirectory'), 'copy-'));
  await copyEmbeddedDatabase(directory);
  return directory;
}
