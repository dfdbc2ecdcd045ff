import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ServerQueue } from '../../../src/isales/server-queue.ts';

function queueOf(settings: ConstructorParameters<typeof ServerQueue>[0]): ServerQueue {
  const queue = new ServerQueue(settings);
  onTestFinished(() => queue.close());
  return queue;
}

const forever = new AbortController().signal;

test('so many requests at once as agreed, and no more', async () => {
  const queue = queueOf({ concurrency: 3 });
  let underWay = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      queue.run(async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await wait(1);
        underWay -= 1;
      }, forever),
    ),
  );
  expect(most).toBe(3);
});

test('a rate starts requests one after the other, not a second’s worth at once', async () => {
  const queue = queueOf({ concurrency: 10, requestsPerSecond: 20 });
  const startedAt = performance.now();
  const starts = await Promise.all(
    Array.from({ length: 5 }, () => queue.run(async () => performance.now() - startedAt, forever)),
  );
  for (const [index, start] of starts.entries()) expect(start).toBeGreaterThan(index * 50 - 25);
});

test('a pause lets nothing start before its end, and a shorter one does not cut it short', async () => {
  const queue = queueOf({ concurrency: 2 });
  const startedAt = performance.now();
  queue.pause(300);
  queue.pause(10);
  const start = await queue.run(async () => performance.now() - startedAt, forever);
  expect(start).toBeGreaterThan(280);
});

test('what waits is ended by its signal, with the reason, and the others go on', async () => {
  const queue = queueOf({ concurrency: 1 });
  const stop = new AbortController();
  const first = queue.run(() => wait(20, 'first'), forever);
  const second = queue.run(async () => 'second', stop.signal);
  const third = queue.run(async () => 'third', forever);
  stop.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  expect(await Promise.all([first, third])).toEqual(['first', 'third']);
});
