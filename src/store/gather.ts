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
  let earlier: Promise<unknown> = Promise.resolve();
  let next:
    | { readonly questions: Question[]; readonly answers: Promise<PromiseSettledResult<Answer>[]> }
    | undefined;

  async function settle(questions: readonly Question[]): Promise<PromiseSettledResult<Answer>[]> {
    try {
      return await Promise.allSettled(await askAll(questions));
    } catch (error) {
      if (questions.length === 1 || isConnectionLost(error)) throw error;
      const oneByOne = questions.map((question) => askAll([question]).then(([answer]) => answer as Answer));
      return Promise.allSettled(oneByOne);
    }
  }

  return async (question) => {
    if (next === undefined) {
      const questions: Question[] = [];
      const answers = earlier.then(() => {
        next = undefined;
        return settle(questions);
      });
      next = { questions, answers };
      earlier = answers.catch(() => {});
    }
    const index = next.questions.push(question) - 1;
    const answer = (await next.answers)[index];
    if (answer?.status !== 'fulfilled') throw answer?.reason;
    return answer.value;
  };
}
