import { Agent } from 'node:http';
import got from 'got';
import pg from 'pg';
import { inParallel, type LoopTask, type PageBody, runLoop, signedRequest } from './loop.ts';

const vdnsAtOnce = 5;

const upsert = `
  insert into usual_code (source, vdn_id, obs_code, obs_code_desc, updated_at) values ('bench', $1, $2, $3, now())
  on conflict (source, vdn_id, obs_code) do update set obs_code_desc = excluded.obs_code_desc, updated_at = now()`;

/**
 * The engine as most people write it: five VDNs at once, pages in turn until an empty one, a statement for each row.
 * One thing is kinder than usual: a VDN's rows share a transaction, so that not every row waits for the disk.
 */
await runLoop(async (task) => {
  const http = new Agent({ keepAlive: true });
  const client = got.extend({ agent: { http }, retry: { limit: 0 } });
  const pool = new pg.Pool({ connectionString: task.databaseUrl, max: vdnsAtOnce });
  let rows = 0;
  await inParallel(vdnsAtOnce, task.vdns, async (index) => {
    const session = await pool.connect();
    try {
      await session.query('begin');
      for await (const { obsCode, obsCodeDesc } of codesOf(client, task, index + 1)) {
        await session.query(upsert, [index + 1, obsCode, obsCodeDesc]);
        rows += 1;
      }
      await session.query('commit');
    } finally {
      session.release();
    }
  });
  await pool.end();
  http.destroy();
  return rows;
});

async function* codesOf(client: typeof got, { baseUrl }: LoopTask, vdnId: number) {
  for (let pageNum = 1; ; pageNum += 1) {
    const { url, headers } = signedRequest(baseUrl, vdnId, pageNum);
    const { obsCodes } = await client(url, { headers }).json<PageBody>();
    if (obsCodes.length === 0) return;
    yield* obsCodes;
  }
}
