import { FatalError } from '../errors.ts';

/** Shorter than what a probe, a scrape or a person waits for. */
const answerWithinMs = 3000;

/** One question at a time: while an answer is on its way, all who ask wait for that one. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/** @throws FatalError `database-unreachable` where the answer takes longer than a probe would wait */
export async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), answerWithinMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(): FatalError {
  return new FatalError(
    'database-unreachable',
    `the database did not answer within ${answerWithinMs / 1000} s. Check the network and that the server runs.`,
  );
}
