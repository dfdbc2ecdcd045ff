import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to } from 'pg-copy-streams';

/** The tables and columns that a first sync fills, and the file in `directory` that holds their rows. */
export function copiedTables(directory: string) {
  const tables = {
    result_code: 'source, vdn_id, obs_code, obs_code_desc, first_seen_at, changed_at',
    result_code_history: 'source, vdn_id, obs_code, obs_code_desc, valid_from, opened_run_id',
  };
  return Object.entries(tables).map(([table, columns]) => ({
    into: `obs.${table} (${columns})`,
    file: path.join(directory, table),
  }));
}

/** Keeps the rows that a first sync has written, for COPY to write them again. */
export async function keepRows(databaseUrl: string, directory: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const { into, file } of copiedTables(directory)) {
      await pipeline(client.query(to(`copy ${into} to stdout`)), createWriteStream(file));
    }
  } finally {
    await client.end();
  }
}
