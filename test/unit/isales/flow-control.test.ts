import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { forever, queueOf, tooMany, vdns } from './queue-of.ts';

describe('a server that answers 429', () => {
  test('gets nothing before its Retry-After is over, and a shorter one does not cut it short', async () => {
    const { run } = queueOf({ concurrency: 2 });
    const startedAt = performance.now();
    await Promise.allSettled([300, 10].map((ms) => run(() => Promise.reject(tooMany(ms)))));
    expect(await run(async () => performance.now() - startedAt)).toBeGreaterThan(290);
  });

  test('without one gets requests more and more rarely, one at a time, and the refused one goes first', async () => {
    const { queue, run, notices } = queueOf({ concurrency: 1 });
    const starts: number[] = [];
    const ask = () => {
      starts.push(performance.now());
      return starts.length > 4 ? Promise.resolve() : Promise.reject(tooMany());
    };
    for (const _ of [1, 2, 3, 4, 5]) await run(ask).catch(() => undefined);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(20 * 2 ** index - 1);
    expect(queue.refusals).toBe(0);
    expect(notices).toHaveLength(4);
    expect(notices[3]).toMatch(/429 for the 4th time in a row.*after 160 ms/);

    const order: string[] = [];
    const busy = run(() => wait(20));
    const others = ['a', 'b'].map((name) => run(async () => void order.push(name)));
    const first = queue.run(async () => void order.push('refused'), { vdnId: 9, first: true }, forever);
    await Promise.all([busy, ...others, first]);
    expect(order[0]).toBe('refused');
  });

  test.each([undefined, 15])(
    '(Retry-After: %s) and takes one request at a time is read whole, with few too many',
    async (retryAfterMs) => {
      const { run } = queueOf({ concurrency: 4 });
      let sent = 0;
      let freeAt = 0;
      const ask = async () => {
        sent++;
        const now = performance.now();
        if (now < freeAt) throw tooMany(retryAfterMs);
        freeAt = now + 15;
      };
      const read = async () => {
        for (let attempt = 0; attempt < 4; attempt++) {
          if ((await run(ask).catch((error: unknown) => error)) === undefined) return 'read';
        }
        return 'failed';
      };
      expect(new Set(await Promise.all(vdns(36).map(read)))).toEqual(new Set(['read']));
      expect(sent).toBeLessThan(2.5 * 36);
    },
  );

  test('gets requests at the configured rate again once it accepts them', async () => {
    const { run } = queueOf({ concurrency: 4 });
    await run(() => Promise.reject(tooMany())).catch(() => undefined);
    let underWay = 0;
    let most = 0;
    await Promise.all(
      vdns(200).map(() =>
        run(async () => {
          most = Math.max(most, ++underWay);
          await wait(1);
          underWay--;
        }),
      ),
    );
    expect(most).toBe(4);
  });
});
