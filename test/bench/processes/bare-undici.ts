import { Agent, request } from 'undici';
import { fetchEveryPage, type PageBody, runLoop } from './loop.ts';

/** The same with undici: the difference is what got costs. */
await runLoop(async (task) => {
  const dispatcher = new Agent({ connections: task.concurrency });
  const rows = await fetchEveryPage(task, async ({ url, headers }) => {
    const { body } = await request(url, { headers, dispatcher });
    return (await body.json()) as PageBody;
  });
  await dispatcher.close();
  return rows;
});
