import { Agent } from 'node:http';
import got from 'got';
import { fetchEveryPage, type PageBody, runLoop } from './loop.ts';

/** The least that got needs: fetch, parse, throw away. */
await runLoop(async (task) => {
  const http = new Agent({ keepAlive: true, maxSockets: task.concurrency });
  const client = got.extend({ agent: { http }, retry: { limit: 0 } });
  const rows = await fetchEveryPage(task, ({ url, headers }) => client(url, { headers }).json<PageBody>());
  http.destroy();
  return rows;
});
