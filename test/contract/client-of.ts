import { onTestFinished } from 'vitest';
import type { SourceConfig } from '../../src/config/schema.ts';
import { VdnError } from '../../src/errors.ts';
import { type Attempt, createClient, type PageRequest } from '../../src/isales/client.ts';
import { ServerQueue } from '../../src/isales/server-queue.ts';
import { sourceOf } from '../support/source.ts';

export type ClientSettings = Omit<Parameters<typeof createClient>[0], 'baseUrl'> &
  Pick<SourceConfig, 'concurrency' | 'outageMs'>;

export interface TestClient {
  /** Reads a page of VDN 25. */
  page(
    ask?: Partial<PageRequest>,
    signal?: AbortSignal,
  ): ReturnType<ReturnType<typeof createClient>['fetchPage']>;
  /** Every attempt so far, in the order in which they ended. */
  readonly attempts: readonly Attempt[];
  /** What was said of waiting. */
  readonly notices: readonly string[];
}

/** Waits as in real runs, a fiftieth as long. */
const quick = {
  firstProbeMs: 20,
  longestProbeMs: 300,
  firstPauseMs: 20,
  longestPauseMs: 1_200,
  slowestGapMs: 20,
};

/** A client that is closed after the test. */
export function clientOf(baseUrl: string, settings: Partial<ClientSettings> = {}): TestClient {
  const { locale: _, ...plain } = sourceOf(baseUrl, [25], { outageMs: 60_000 });
  const source = { ...plain, ...settings };
  const queue = new ServerQueue(source, { notify: (message) => notices.push(message), delays: quick });
  const client = createClient(source, queue);
  const attempts: Attempt[] = [];
  const notices: string[] = [];
  onTestFinished(() => {
    queue.close();
    client.close();
  });
  return {
    page: (ask = {}, signal = new AbortController().signal) =>
      client.fetchPage({ vdnId: 25, pageNum: 1, pageSize: 50, ...ask }, signal, (one) => attempts.push(one)),
    attempts,
    notices,
  };
}

/** The VdnError that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<VdnError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VdnError) return error;
    throw error;
  }
  throw new Error('it was not rejected');
}
