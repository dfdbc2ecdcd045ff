import { sign } from '../../../src/isales/signer.ts';
import { testKeys } from '../../support/configuration.ts';
import { pageSize, pagesOf } from '../situation.ts';

/** The task of the processes measured beside obs-code-sync, as JSON in their one argument. */
export interface LoopTask {
  readonly baseUrl: string;
  readonly databaseUrl: string;
  readonly vdns: number;
  readonly codes: number;
  readonly concurrency: number;
}

/** What they print. */
export interface LoopResult {
  /** Of the work alone, without the start of the process. */
  readonly jobMs: number;
  /** Rows that came in. */
  readonly rows: number;
}

/** A page's body, as far as the loops use it. */
export interface PageBody {
  readonly obsCodes: readonly { readonly obsCode: string; readonly obsCodeDesc: string | null }[];
}

export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const contentType = 'application/json; charset=UTF-8';

/** Does the work and reports it. */
export async function runLoop(work: (task: LoopTask) => Promise<number>): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '') as LoopTask;
  const startedAt = performance.now();
  const rows = await work(task);
  const result: LoopResult = { jobMs: performance.now() - startedAt, rows };
  process.stdout.write(JSON.stringify(result));
}

/** Fetches every page of every VDN once, as many at a time as are allowed, and throws them away. */
export async function fetchEveryPage(
  { vdns, codes, concurrency, baseUrl }: LoopTask,
  fetchPage: (request: SignedRequest) => Promise<PageBody>,
): Promise<number> {
  const pages = pagesOf(codes);
  let rows = 0;
  await inParallel(concurrency, vdns * pages, async (index) => {
    const vdnId = 1 + Math.floor(index / pages);
    const page = await fetchPage(signedRequest(baseUrl, vdnId, 1 + (index % pages)));
    rows += page.obsCodes.length;
  });
  return rows;
}

/** Does pieces of work numbered from 0, several at a time. */
export async function inParallel(
  atOnce: number,
  pieces: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < pieces) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** One page's address and headers, signed for one attempt. */
export function signedRequest(baseUrl: string, vdnId: number, pageNum: number): SignedRequest {
  const path = `/rest/isales/v1/openapi/campaigns/${vdnId}/queryOBSResultCode`;
  const query = { pageSize: String(pageSize), pageNum: String(pageNum) };
  const host = baseUrl.slice('http://'.length);
  const signable = { method: 'GET', path, query, signedHeaders: { 'content-type': contentType, host } };
  const { authorization } = sign(signable, testKeys, new Date(), 'seconds');
  return {
    url: `${baseUrl}${path}?${new URLSearchParams(query)}`,
    headers: { 'content-type': contentType, authorization },
  };
}
