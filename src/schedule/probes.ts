import { FatalError } from '../errors.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { SourceState } from '../observe/metrics-sources.ts';
import { inTime, shared } from './deadline.ts';
import { type Routes, text } from './server.ts';

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
