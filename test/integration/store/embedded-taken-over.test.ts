import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { embeddedDatabase } from '../../support/embedded-template.ts';

const gone = { code: 'locked' };

/** When files of the database were last written, by name. */
async function written(directory: string): Promise<Map<string, number>> {
  const files = await readdir(path.join(directory, 'pgdata'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  return new Map(await Promise.all(paths.map(async (file) => [file, (await stat(file)).mtimeMs] as const)));
}

test('a database that another process took over is neither read nor written any more, not even by closing it', async () => {
  const directory = await embeddedDatabase();
  const database = await openDatabase({ url: `pglite:${directory}`, schema: 'public' });
  await sql`create table kept (id integer)`.execute(database.db);
  let before: Map<string, number> | undefined;
  const cut = database.db.transaction().execute(async (trx) => {
    await sql`insert into kept values (1)`.execute(trx);
    before = await written(directory);
    // What a process that takes the lock over writes first.
    await writeFile(path.join(directory, 'lock-owner'), 'another process');
    await sql`insert into kept values (2)`.execute(trx);
  });
  await expect(cut).rejects.toMatchObject(gone);
  await expect(sql`insert into kept values (3)`.execute(database.db)).rejects.toMatchObject(gone);
  expect(database.assertOwned).toThrow(expect.objectContaining(gone));
  await database.close();
  expect(await written(directory)).toEqual(before);
});
