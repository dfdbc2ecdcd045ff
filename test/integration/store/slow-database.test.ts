import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { isConnectionLost } from '../../../src/store/database-error.ts';
import { testDatabase } from '../../support/postgres.ts';

test('waiting for a connection longer than connecting may take is not a lost connection', async () => {
  const { url, close } = await testDatabase();
  onTestFinished(close);
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => database.close());
  // The time to connect is 10 s, the connections are 4.
  const slow = Array.from({ length: 6 }, () => sql`select pg_sleep(10.5)`.execute(database.db));
  await expect(Promise.all(slow)).resolves.toHaveLength(6);
}, 60_000);

test('a bug in the code that asks is not a lost connection; a broken connection is', async () => {
  const { url, close } = await testDatabase();
  onTestFinished(close);
  const database = await openDatabase({ url, schema: 'obs' });
  onTestFinished(() => database.close());
  expect(isConnectionLost(new Error('a bug'))).toBe(false);
  const bug = database.db.transaction().execute(() => Promise.reject(new Error('a bug')));
  expect(isConnectionLost(await bug.catch((error: unknown) => error))).toBe(false);
  const ended = sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)`.execute(database.db);
  expect(isConnectionLost(await ended.catch((error: unknown) => error))).toBe(true);
});
