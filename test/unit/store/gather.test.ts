import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { ConnectionLostError, DatabaseBusyError } from '../../../src/errors.ts';
import { gather } from '../../../src/store/gather.ts';

/** Answers each number with its square, when it is told to; refuses negative ones. */
function squares(refusal = () => new Error('negative')) {
  const batches: number[][] = [];
  const answer = Promise.withResolvers<void>();
  const square = gather(async (numbers: readonly number[]) => {
    batches.push([...numbers]);
    await answer.promise;
    if (numbers.some((number) => number < 0)) throw refusal();
    return numbers.map((number) => number ** 2);
  });
  return { square, batches, answerAll: () => answer.resolve() };
}

test('a question goes out at once; those asked while it is on its way go together', async () => {
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

test('what is wrong with one question is no failure of the others', async () => {
  const { square, batches, answerAll } = squares();
  const questions = [1, 2, -3, 4].map(square);
  answerAll();
  const outcomes = await Promise.allSettled(questions);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(batches).toEqual([[1, 2, -3, 4], [1], [2], [-3], [4]]);
  expect(await square(5)).toBe(25);
});

test('one that fails alone is not asked again', async () => {
  const { square, batches, answerAll } = squares();
  answerAll();
  await expect(square(-1)).rejects.toThrow('negative');
  expect(batches).toEqual([[-1]]);
});

test.each(
  Object.entries({
    'the connection broke': new ConnectionLostError('gone', undefined),
    'a lock was not to be had': new DatabaseBusyError('canceling statement due to lock timeout', '55P03'),
  }),
)('where %s nothing is asked again, and all learn of it', async (_, error) => {
  const { square, batches, answerAll } = squares(() => error);
  const questions = [1, -2].map(square);
  answerAll();
  for (const settled of await Promise.allSettled(questions)) {
    expect(settled).toEqual({ status: 'rejected', reason: error });
  }
  expect(batches).toEqual([[1, -2]]);
  expect(await square(3)).toBe(9);
});
