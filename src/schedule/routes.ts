import type { Logger } from 'pino';
import { type Invocation, withCommandLines } from '../domain/invocation.ts';
import { FatalError } from '../errors.ts';
import type { Metrics, SourceState } from '../observe/metrics.ts';
import { pageHeaders } from '../page/html.ts';
import type { PageReport, PageSettings } from '../page/report.ts';
import { answerWithPage } from '../page/status-page.ts';
import { type Routes, text } from './server.ts';

export interface ProbeQuestions {
  /** Rejects with a `FatalError` where a run could not begin now. */
  readonly databaseReady: () => Promise<void>;
  readonly sourceStates: () => Promise<readonly SourceState[]>;
}

/** Health and metrics. Neither waits for a database that hangs, and metrics do not fail with it. */
export function probeRoutes(
  { databaseReady, sourceStates }: ProbeQuestions,
  metrics: Metrics,
  invocation: Invocation,
): Routes {
  const ready = shared(databaseReady);
  const states = shared(sourceStates);
  return {
    '/healthz': () => text(200, 'The process works.'),
    '/readyz': async () => {
      try {
        await inTime(ready());
        return text(200, 'Ready.');
      } catch (error) {
        if (error instanceof FatalError) return text(503, withCommandLines(error.message, invocation));
        throw error;
      }
    },
    '/metrics': async () => {
      await inTime(states()).then(metrics.sources.databaseAnswered, metrics.sources.databaseAway);
      return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.render() };
    },
  };
}

/** The status page; with 503 where the database does not answer in time, and then the reason is in the log. */
export function pageRoute(
  read: () => Promise<PageReport>,
  settings: Pick<PageSettings, 'invocation' | 'timezone'>,
  logger: Logger,
): Routes {
  const report = shared(read);
  return {
    '/': async () => {
      const { page, failure } = await answerWithPage(() => inTime(report()), settings);
      if (failure !== undefined) {
        logger.warn({ errorCode: failure.code }, `the status page has nothing to show: ${failure.message}`);
      }
      return { status: failure === undefined ? 200 : 503, headers: pageHeaders, body: page };
    },
  };
}

/** Shorter than what a probe, a scrape or a person waits for. */
const answerWithinMs = 3000;

/** One query at a time: requests that come meanwhile share its answer. */
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
async function inTime<T>(answer: Promise<T>): Promise<T> {
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
