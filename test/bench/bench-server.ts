import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedServer } from '../support/embedded-server.ts';
import { createTemplate, databaseUrl, query, templateName } from '../support/template-database.ts';
import { familyMs, processTimes } from './process-times.ts';

/** A real Postgres on disk with `fsync` on, as in production. */
export interface BenchServer {
  readonly version: string;
  /** A database with the program's schema, empty. */
  createDatabase(name: string): Promise<BenchDatabase>;
  dropDatabase(database: BenchDatabase): Promise<void>;
  /** User and system time of all its processes so far. */
  cpuMs(): number;
  close(): Promise<void>;
}

export interface BenchDatabase {
  readonly name: string;
  readonly url: string;
  /** The server's own statistics of this database, once no connection is left. */
  statistics(): Promise<DatabaseStatistics>;
  /** As after a day: dead rows are gone, statistics are fresh, a checkpoint is done. */
  vacuum(): Promise<void>;
}

export interface DatabaseStatistics {
  /** Rows inserted, updated or deleted so far, by table. */
  readonly rowsWritten: Readonly<Record<string, number>>;
  readonly deadlocks: number;
  /** Bytes of the write-ahead log so far, of the whole server. */
  readonly walBytes: number;
}

// The tests' servers lose data in a power cut. Autovacuum stays off, since it would start during some run: `vacuum`
// does its work between the runs.
const earnest = { fsync: 'on', full_page_writes: 'on', max_wal_size: '1GB', shared_buffers: '128MB' };

export async function startBenchServer(): Promise<BenchServer> {
  const server = await startEmbeddedServer({ onDisk: true, settings: earnest });
  await createTemplate(server.url);
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  const { rows } = await admin.query<{ pid: number; version: string }>(
    "select pg_backend_pid() as pid, current_setting('server_version') as version",
  );
  const [{ pid, version } = { pid: 0, version: '' }] = rows;
  const postmaster = processTimes(pid).parent;
  return {
    version,
    async createDatabase(name) {
      await admin.query(`create database ${name} template ${templateName}`);
      return benchDatabase(admin, databaseUrl(server.url, name), name);
    },
    async dropDatabase({ name }) {
      await admin.query(`drop database ${name} with (force)`);
    },
    cpuMs: () => familyMs(postmaster),
    async close() {
      await admin.end();
      await server.close();
    },
  };
}

function benchDatabase(admin: pg.Client, url: string, name: string): BenchDatabase {
  return {
    name,
    url,
    async statistics() {
      await left(admin, name);
      const [row] = await query(
        url,
        `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal,
           (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks,
           (select jsonb_object_agg(relname, n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables) as tables`,
      );
      return {
        rowsWritten: row?.tables as Record<string, number>,
        deadlocks: Number(row?.deadlocks),
        walBytes: Number(row?.wal),
      };
    },
    async vacuum() {
      await query(url, 'vacuum analyze');
      await query(url, 'checkpoint');
    },
  };
}

/** A session reports its figures at its end, a moment after its client has disconnected. */
async function left(admin: pg.Client, name: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { rows } = await admin.query('select from pg_stat_activity where datname = $1', [name]);
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw new Error(`sessions stay connected to ${name}`);
    await pause(5);
  }
}
