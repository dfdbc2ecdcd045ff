import { FatalError } from '../errors.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { SourceState } from '../observe/metrics-sources.ts';
import { type Routes, text } from './server.ts';

/** Shorter than what a probe or a scrape waits for. */
const patienceMs = 3000;

export interface ProbeQuestions {
  /** Rejects with a `FatalError` where a run could not begin now. */
  readonly databaseReady: () => Promise<void>;
  readonly sourceStates: () => Promise<readonly SourceState[]>;
}

/** Health and metrics. Neither waits for a database that hangs, and metrics do not fail with it. */
export function probeRoutes({ databaseReady, sourceStates }: ProbeQuestions, metrics: Metrics): Routes {
  const ready = shared(databaseReady);
  const states = shared(sourceStates);
  return {
    '/healthz': () => text(200, 'The process works.'),
    '/readyz': async () => {
      try {
        await inTime(ready());
        return text(200, 'Ready.');
      } catch (error) {
        if (error instanceof FatalError) return text(503, error.message);
        throw error;
      }
    },
    '/metrics': async () => {
      await inTime(states()).then(metrics.sources.databaseAnswered, metrics.sources.databaseAway);
      return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.render() };
    },
  };
}

/** One question at a time: while an answer is on its way, everybody who asks waits for that one. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), patienceMs);
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
    `the database did not answer within ${patienceMs / 1000} s. Check the network and that the server runs.`,
  );
}
