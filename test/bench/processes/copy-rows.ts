import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { copiedTables } from '../code-rows.ts';
import { runLoop } from './loop.ts';

/** The least that the database needs: the same rows into the same tables with the same indexes, by COPY. */
await runLoop(async ({ databaseUrl }) => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let rows = 0;
  await client.query('begin');
  for (const { into, file } of copiedTables(process.argv[3] ?? '')) {
    const copy = client.query(from(`copy ${into} from stdin`));
    await pipeline(createReadStream(file), copy);
    rows += copy.rowCount ?? 0;
  }
  await client.query('commit');
  await client.end();
  return rows;
});
