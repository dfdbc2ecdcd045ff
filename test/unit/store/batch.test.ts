import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { batched } from '../../../src/store/batch.ts';

/** Answers each number with its square, when it is told to; refuses negative ones. */
function squares({ mostRows = 1000, rowsForSecond = 1000 } = {}) {
  const batches: number[][] = [];
  const answer = Promise.withResolvers<void>();
  const square = batched(
    async (numbers: readonly number[]) => {
      batches.push([...numbers]);
      await answer.promise;
      if (numbers.some((number) => number < 0)) throw new Error('negative');
      return numbers.map((number) => number ** 2);
    },
    { rowsOf: Math.abs, mostRows, rowsForSecond },
  );
  return { square, batches, answerAll: () => answer.resolve() };
}

test('an item goes out alone; those that come while it is on its way go together', async () => {
  const { square, batches, answerAll } = squares();
  const first = square(1);
  await vi.waitFor(() => expect(batches).toEqual([[1]]));
  const others = [2, 3, 4].map(square);
  await pause(20);
  expect(batches).toEqual([[1]]);
  answerAll();
  expect(await Promise.all([first, ...others])).toEqual([1, 4, 9, 16]);
  expect(batches).toEqual([[1], [2, 3, 4]]);
  expect(await square(5)).toBe(25);
  expect(batches).toHaveLength(3);
});

test('a batch that fails fails all of its items, and no other batch', async () => {
  const { square, answerAll } = squares();
  const items = [1, -3].map(square);
  answerAll();
  const outcomes = await Promise.allSettled(items);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await square(5)).toBe(25);
});

test('a batch has no more rows than it may; one item alone may have more', async () => {
  const { square, batches, answerAll } = squares({ mostRows: 10 });
  answerAll();
  await Promise.all([4, 6, 1, 30, 2].map(square));
  expect(batches).toEqual([[4, 6], [1], [30], [2]]);
});

test('much that is pending begins a second batch beside the first, and no third', async () => {
  const { square, batches, answerAll } = squares({ rowsForSecond: 10 });
  const first = square(1);
  await vi.waitFor(() => expect(batches).toEqual([[1]]));
  const small = square(9);
  await pause(20);
  expect(batches).toEqual([[1]]);
  const more = square(2);
  await vi.waitFor(() => expect(batches).toEqual([[1], [9, 2]]));
  const third = square(50);
  await pause(20);
  expect(batches).toHaveLength(2);
  answerAll();
  expect(await Promise.all([first, small, more, third])).toEqual([1, 81, 4, 2500]);
  expect(batches).toHaveLength(3);
});
