import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { OutageError, RetriableError, VdnError } from '../../../src/errors.ts';
import { gone, queueOf, vdns } from './queue-of.ts';

test('as many requests at once as agreed, and no more', async () => {
  const { run } = queueOf({ concurrency: 3 });
  let underWay = 0;
  let most = 0;
  await Promise.all(
    vdns(20).map(() =>
      run(async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await wait(1);
        underWay -= 1;
      }),
    ),
  );
  expect(most).toBe(3);
});

test('a rate starts requests one after the other, not a second’s worth at once', async () => {
  const { run } = queueOf({ concurrency: 10, requestsPerSecond: 20 });
  const startedAt = performance.now();
  const starts = await Promise.all(vdns(5).map(() => run(async () => performance.now() - startedAt)));
  for (const [index, start] of starts.entries()) expect(start).toBeGreaterThan(index * 50 - 5);
});

test('what waits is ended by its signal, with the reason, and the others go on', async () => {
  const { run } = queueOf({ concurrency: 1 });
  const stop = new AbortController();
  const first = run(() => wait(20, 'first'));
  const second = run(async () => 'second', 1, stop.signal);
  const third = run(async () => 'third');
  stop.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  expect(await Promise.all([first, third])).toEqual(['first', 'third']);
});

describe('a server that is away', () => {
  /** Ten VDNs ask a server that fails in some way until it is back. */
  async function through(failure: () => VdnError, back: (sent: number) => boolean, limits = {}) {
    const { run, notices } = queueOf(limits);
    const asked: number[] = [];
    let atOnce = 0;
    let mostAtOnce = 0;
    const results = await Promise.allSettled(
      vdns(10).map((vdnId) =>
        run(async () => {
          asked.push(vdnId);
          mostAtOnce = Math.max(mostAtOnce, ++atOnce);
          await wait(2);
          atOnce--;
          if (!back(asked.length)) throw failure();
          return vdnId;
        }, vdnId),
      ),
    );
    return { results, notices, asked, mostAtOnce };
  }

  test('is probed by one request at a time, each time another VDN’s, until it answers; it is reported once', async () => {
    const { results, notices, asked } = await through(gone, (sent) => sent > 8);
    // Only what failed before it was known counts as an attempt.
    expect(results.map(({ status }) => status)).toEqual(['rejected', ...Array(9).fill('fulfilled')]);
    expect(asked.slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(notices).toEqual([
      expect.stringMatching(/^the server is away: the connection failed\. .*for 1 min at most/),
      expect.stringMatching(/^the server answers again after \d+ ms/),
    ]);
  });

  test.each([
    ['a timeout', () => new RetriableError('timeout', 'none.')],
    ['502', () => new RetriableError('http-status', '502.', { status: 502 })],
    ['503', () => new RetriableError('http-status', '503.', { status: 503 })],
    ['504', () => new RetriableError('http-status', '504.', { status: 504 })],
  ])('shows so by %s', async (_, failure) => {
    expect((await through(failure, (sent) => sent > 6)).notices).toHaveLength(2);
  });

  test.each([
    ['500', () => new RetriableError('http-status', '500.', { status: 500 })],
    ['a wrong key', () => new VdnError('unauthorized', '401.', { status: 401 })],
    ['no JSON', () => new RetriableError('not-json', 'HTML.')],
    ['a certificate', () => new VdnError('tls', 'expired.')],
  ])('does not show so by %s', async (_, failure) => {
    const { results, notices, asked } = await through(failure, () => false);
    expect(notices).toEqual([]);
    expect(asked).toHaveLength(10);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('for too long is given up: one request fails with what it met, all others as unavailable', async () => {
    const startedAt = performance.now();
    const { results, notices } = await through(gone, () => false, { outageMs: 200 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
    expect(reasons.map(({ code }) => code).toSorted()).toEqual([
      'network',
      'network',
      ...Array(8).fill('source-unavailable'),
    ]);
    expect(reasons.filter((reason) => reason instanceof OutageError)).toHaveLength(9);
    expect(notices).toHaveLength(2);
    expect(notices[1]).toMatch(/given up for this run.*outage: 200 ms.*the connection failed/);
  });

  test('a probe that is under way when the time is over is stopped', async () => {
    const { run } = queueOf({ concurrency: 1, outageMs: 250 });
    let asked = 0;
    const ask = (signal: AbortSignal) => {
      asked++;
      if (asked > 2) return wait(60_000, undefined, { signal }).catch(() => Promise.reject(signal.reason));
      return Promise.reject(gone());
    };
    const results = await Promise.allSettled(vdns(3).map((vdnId) => run(ask, vdnId)));
    expect(results).toMatchObject([
      { reason: { code: 'network' } },
      { reason: { code: 'source-unavailable' } },
      { reason: { code: 'network', message: expect.stringMatching(/outage: 250 ms/) } },
    ]);
  });

  test.each([1, 2, 4])(
    'is not one that answers others: VDNs that time out, %i at once',
    async (concurrency) => {
      const { run, notices } = queueOf({ concurrency });
      const timesOut = () => wait(30).then(() => Promise.reject(new RetriableError('timeout', 'none.')));
      // At the most one fewer than go at once, so that another one is answered meanwhile.
      const dead = vdns(Math.max(1, concurrency - 1)).map((vdnId) => run(timesOut, vdnId));
      const failed = Promise.allSettled(dead);
      const healthy = vdns(60).map((vdnId) => run(() => wait(2, vdnId), vdnId + 10));
      expect(await Promise.all(healthy)).toHaveLength(60);
      for (const { status } of await failed) expect(status).toBe('rejected');
      expect(notices).toEqual([]);
    },
  );
});

test('VDNs that alone never get an answer are given up alone, after any number of requests; the others go on', async () => {
  const { run, notices } = queueOf({ concurrency: 1, outageMs: 100 });
  let asked = 0;
  const dead = async () => {
    asked++;
    await wait(5);
    throw gone();
  };
  const attempts = async (vdnId: number) => {
    const errors: VdnError[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const error: unknown = await run(dead, vdnId).catch((reason: unknown) => reason);
      if (error instanceof VdnError) errors.push(error);
      if (!(error instanceof RetriableError)) break;
    }
    return errors.at(-1);
  };
  await run(async () => 'answered', 9);
  const gaveUp = await Promise.all([1, 2, 3].map(attempts));
  for (const error of gaveUp) expect(error).toMatchObject({ code: 'network', name: 'VdnError' });
  expect(notices.at(-1)).toMatch(/got no answer are given up, the others go on/);
  expect(await run(async () => 'answered', 4)).toBe('answered');
  const soFar = asked;
  // The waiting time is used up: two attempts show it.
  expect(await attempts(5)).toMatchObject({ code: 'network', name: 'VdnError' });
  expect(asked - soFar).toBe(2);
  expect(await run(async () => 'answered', 6)).toBe('answered');
});
