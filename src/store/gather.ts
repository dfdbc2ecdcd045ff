import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionLost } from './database-error.ts';

/**
 * Puts questions together: what is asked while an earlier one is on its way goes out with the next, as one. Asked now
 * and then, each goes out at once and alone; the busier it is, the more of them share a statement.
 *
 * Several that could not be answered together are asked one by one, so that what is wrong with one is no failure of
 * the others. Not so where the connection broke: what was being committed may stand, and whoever asked has to look.
 *
 * @param askAll answers in the order of the questions
 */
export function gather<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  type Answers = readonly PromiseSettledResult<Answer>[];
  let earlier: Promise<unknown> = Promise.resolve();
  let gathered: { readonly questions: Question[]; readonly answers: Promise<Answers> } | undefined;

  async function answer(questions: readonly Question[]): Promise<Answers> {
    await earlier;
    // Pages of several VDNs often come in at the same turn of the event loop.
    await nextTurn();
    gathered = undefined;
    try {
      return await Promise.allSettled(await askAll(questions));
    } catch (error) {
      if (questions.length === 1 || isConnectionLost(error)) throw error;
      const oneByOne = questions.map((question) => askAll([question]).then(([one]) => one as Answer));
      return Promise.allSettled(oneByOne);
    }
  }

  return async (question) => {
    if (gathered === undefined) {
      const questions: Question[] = [];
      gathered = { questions, answers: answer(questions) };
      earlier = gathered.answers.catch(() => {});
    }
    const { questions, answers } = gathered;
    const place = questions.push(question) - 1;
    const settled = (await answers)[place];
    if (settled?.status !== 'fulfilled') throw settled?.reason;
    return settled.value;
  };
}
