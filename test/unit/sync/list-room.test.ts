import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ListRoom } from '../../../src/sync/list-room.ts';
import { entry } from '../domain/pages.ts';

const kib = 1024;
const { signal } = new AbortController();

/** A page of one row whose text takes so many KiB in memory, of a list of so many such rows. */
function page(textKib: number, total: number) {
  return { total, rows: [entry('1', 'x'.repeat((textKib * kib) / 2))] };
}

async function isDone(work: Promise<void>): Promise<boolean> {
  let done = false;
  void work.then(
    () => {
      done = true;
    },
    () => {},
  );
  for (let turns = 0; turns < 3; turns++) await turn();
  return done;
}

test('lists that come at the same time wait after their first page until others have left them room', async () => {
  const room = new ListRoom(1000 * kib);
  const [one, other, small] = [room.share(), room.share(), room.share()];
  const [first, second] = [one, other].map((share) => share.take(page(10, 30), 1, signal));
  await first;
  expect(await isDone(second as Promise<void>)).toBe(false);
  await small.take(page(1, 1), 1, signal);
  one.release();
  await second;
});

test('a list that is larger than all the room is refused, one that is alone never waits', async () => {
  const room = new ListRoom(100 * kib);
  const share = room.share();
  await share.take(page(90, 1), 1, signal);
  await expect(share.take(page(20, 1), 2, signal)).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('more than 0.09765625 MiB'),
  });
});

test('lists that turn out larger than their first pages showed do not wait for each other for ever', async () => {
  const room = new ListRoom(100 * kib);
  const shares = [room.share(), room.share(), room.share()];
  for (const share of shares) await share.take(page(1, 2), 1, signal);
  const [fits, beyond, waits] = shares.map((share) => share.take(page(60, 2), 2, signal));
  await Promise.all([fits, beyond]);
  expect(await isDone(waits as Promise<void>)).toBe(false);
  shares[1]?.release();
  await waits;
});

test('a wait for room ends with the run', async () => {
  const stopping = new AbortController();
  const room = new ListRoom(100 * kib);
  const [one, other] = [room.share(), room.share()];
  await one.take(page(30, 1), 1, signal);
  const waiting = other.take(page(30, 1), 1, stopping.signal);
  stopping.abort(new Error('stopped'));
  one.release();
  await expect(waiting).rejects.toThrow('stopped');
});
