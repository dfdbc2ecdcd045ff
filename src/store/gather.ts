import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionLost, isLockTimeout } from './database-error.ts';

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts questions together: what is asked while an earlier one is on its way goes out with the next, as one. Asked now
 * and then, each goes out at once and alone; the busier it is, the more of them share a statement.
 *
 * Several that could not be answered together are asked one by one, so that what is wrong with one is no failure of
 * the others. Not so where the connection broke, since what was being committed may stand, and whoever asked has to
 * look; nor where a lock was waited for in vain, since each would wait as long again.
 *
 * @param askAll gives an answer for each question, in their order
 */
export function gather<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let earlier = Promise.resolve();
  let gathered: Asked<Question, Answer>[] = [];

  async function answerGathered(before: Promise<void>): Promise<void> {
    await before;
    // Pages of several VDNs often come in at the same turn of the event loop.
    await nextTurn();
    const together = gathered;
    gathered = [];
    await answer(together);
  }

  async function answer(together: readonly Asked<Question, Answer>[]): Promise<void> {
    try {
      const answers = await askAll(together.map(({ question }) => question));
      for (const [index, { resolve }] of together.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      if (together.length === 1 || concernsAll(error)) {
        for (const { reject } of together) reject(error);
        return;
      }
      for (const alone of together) await answer([alone]);
    }
  }

  return (question) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    gathered.push({ question, resolve, reject });
    if (gathered.length === 1) earlier = answerGathered(earlier);
    return promise;
  };
}

function concernsAll(error: unknown): boolean {
  return isConnectionLost(error) || isLockTimeout(error);
}
