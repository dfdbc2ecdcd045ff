import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { startEmbeddedServer } from '../../support/postgres.ts';

const server = await startEmbeddedServer();
afterAll(() => server.close());

/** What would keep the process from ending. */
const openSockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;

test('closing does not wait for a server that has stopped answering, and leaves no connection behind', async () => {
  const before = openSockets();
  const database = await openDatabase({ url: server.url, schema: 'obs' });
  const lock = database.openLockConnection?.();
  if (lock === undefined) throw new Error('a server has a connection for locks');
  const sessions: number[] = [];
  for (const db of [database.db, lock]) {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    sessions.push(...rows.map(({ pid }) => pid));
  }
  expect(sessions).toHaveLength(2);
  for (const pid of sessions) process.kill(pid, 'SIGSTOP');
  try {
    const closedAfter = performance.now();
    await Promise.all([database.close(), lock.destroy()]);
    expect(performance.now() - closedAfter).toBeLessThan(10_000);
    expect(openSockets()).toBe(before);
  } finally {
    for (const pid of sessions) process.kill(pid, 'SIGCONT');
  }
});
