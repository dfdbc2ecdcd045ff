import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { testDatabase } from '../../support/postgres.ts';

test('waiting for a connection longer than connecting may take is not a lost connection', async () => {
  const { url, close } = await testDatabase();
  onTestFinished(close);
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => database.close());
  // The time to connect is 10 s, the connections are 3.
  const slow = Array.from({ length: 4 }, () => sql`select pg_sleep(10.5)`.execute(database.db));
  await expect(Promise.all(slow)).resolves.toHaveLength(4);
}, 60_000);

test('a bug in the code that asks is not an error of the database', async () => {
  const { url, close } = await testDatabase();
  onTestFinished(close);
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => database.close());
  const bug = new Error('a bug');
  await expect(database.db.transaction().execute(() => Promise.reject(bug))).rejects.toBe(bug);
});
