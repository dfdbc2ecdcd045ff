import type { Page } from '../domain/complete-snapshot.ts';
import type { Attempt } from './attempt.ts';
import { parsePage } from './response.ts';
import type { ServerQueue } from './server-queue.ts';
import { type ClientConfig, createSignedClient } from './signed-client.ts';

export type { Attempt } from './attempt.ts';

export interface PageRequest {
  readonly vdnId: number;
  /** Counted from 1. */
  readonly pageNum: number;
  readonly pageSize: number;
  /**
   * The page behind a full last one, where a refusal is an answer: HTTP 400, 404 and 500 and the failure codes that do
   * not pass are not retried, the total is not looked at, a list that is null or missing is empty.
   */
  readonly behind?: true;
}

export interface IsalesClient {
  /**
   * Reads one page of a VDN's list, with retries.
   *
   * @param onAttempt called for every request that went out
   * @throws VdnError with the code of what the last attempt met
   * @throws the signal's reason where it is aborted
   */
  fetchPage(ask: PageRequest, signal: AbortSignal, onAttempt: (attempt: Attempt) => void): Promise<Page>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * A client of queryOBSResultCode at one source (interface, "Request"). Requests pass through `queue`, which all
 * sources of the same server share.
 *
 * @param onUnknownField called once for each field of an answer that the interface's documents do not have; harmless
 *   text
 */
export function createClient(
  source: ClientConfig,
  queue: ServerQueue,
  onUnknownField: (name: string) => void = () => {},
): IsalesClient {
  const server = createSignedClient(source, queue);
  const told = new Set<string>();
  const reportOnce = (name: string) => {
    if (told.has(name)) return;
    told.add(name);
    onUnknownField(name);
  };
  return {
    fetchPage: ({ vdnId, pageNum, pageSize, behind }, signal, onAttempt) =>
      server.get(
        {
          vdnId,
          path: `/rest/isales/v1/openapi/campaigns/${vdnId}/queryOBSResultCode`,
          query: { pageSize: String(pageSize), pageNum: String(pageNum) },
          ...(behind ? { final: [500] } : {}),
          parse: (body, hide) =>
            parsePage(body, { pageNum, behind: behind === true, hide, onUnknownField: reportOnce }),
        },
        signal,
        onAttempt,
      ),
    close: server.close,
  };
}
