import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/**
 * A connection of the test's own that outlives a statement: to hold a lock, or to observe a run. It is closed when the
 * test is over.
 */
export async function openSession(url: string): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: url });
  // A test may stop the server under it.
  session.on('error', () => {});
  await session.connect();
  onTestFinished(() => session.end());
  return session;
}

const locks = {
  /** Before what was read is compared with what is stored. One session of a run waits, for all its VDNs. */
  compare: 'lock table obs.result_code in access exclusive mode',
  /** Before the transaction of an apply locks its VDN, and before a run prepares its VDNs. */
  begin: 'lock table obs.vdn in exclusive mode',
  /** In the middle of that transaction, between the codes and their history. */
  apply: 'lock table obs.result_code_history in exclusive mode',
} as const;

export interface HoldUp {
  /** The session that blocks the runs; it may read and write. */
  readonly session: pg.Client;
  /** Releases them; what the session wrote is committed. */
  release(): Promise<void>;
}

/** Blocks runs at this point until `release`. */
export async function holdUp(url: string, point: keyof typeof locks): Promise<HoldUp> {
  const session = await openSession(url);
  await session.query(`begin; ${locks[point]}`);
  return {
    session,
    release: async () => {
      await session.query('commit');
    },
  };
}

/** Resolves once so many sessions of runs wait for a lock, or more. */
export async function untilHeldUp(url: string, sessions: number): Promise<void> {
  await untilSeen(
    url,
    `${sessions} sessions wait for a lock`,
    `select pid from pg_stat_activity
     where datname = current_database() and application_name = 'obs-code-sync' and wait_event_type = 'Lock'`,
    sessions,
  );
}

/** Resolves once a session waits for a lock on this table of the program's; gives the process id of one that does. */
export async function untilWaitedFor(url: string, table: string): Promise<number> {
  // Databases of other tests have been cloned from the same one: their tables have the same numbers.
  const waiting = `select pid from pg_locks where not granted and relation = 'obs.${table}'::regclass
    and database = (select oid from pg_database where datname = current_database())`;
  const [session] = await untilSeen(url, `a session waits for ${table}`, waiting, 1);
  return Number(session?.pid);
}

/** Asks until there are so many rows, or more, and gives them. On one connection: it costs more than the asking. */
async function untilSeen(
  url: string,
  what: string,
  statement: string,
  count: number,
): Promise<{ pid: number }[]> {
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  try {
    let rows: { pid: number }[] = [];
    await until(what, async () => {
      ({ rows } = await session.query<{ pid: number }>(statement));
      return rows.length >= count;
    });
    return rows;
  } finally {
    await session.end();
  }
}

/**
 * Repeats the check until it is true.
 *
 * @throws where it is not within 40 s
 */
export async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 40_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`40 s passed and still not: ${what}`);
    await pause(10);
  }
}
