import { z } from 'zod';
import type { Page } from '../domain/complete-snapshot.ts';
import { quote } from '../domain/quote.ts';
import { parseResultCode } from '../domain/result-code.ts';
import { RetriableError, VdnError } from '../errors.ts';
import { explainFailure, successCode } from './failure-catalogue.ts';

/** A total beyond this is taken for a fault of the server, not for a list. */
const largestTotal = 100_000;

const verdict = z.object({
  resultCode: z.string().optional(),
  returnCode: z.string().optional(),
  resultDesc: z.string().nullish().catch(undefined),
  returnDesc: z.string().nullish().catch(undefined),
});

const list = z.object({
  totalCount: z.int().min(0).max(largestTotal),
  obsCodes: z.array(z.unknown()),
});

/** Fatal: bytes that are no UTF-8 would become U+FFFD, which is a repair in silence. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of an HTTP 200 (interface, "Response").
 *
 * @param body the decompressed bytes
 * @param pageNum counted from 1; names the page in messages
 * @param hide takes secrets out of what the server says, which may echo what it was sent
 * @throws RetriableError `not-json` for what is cut off or no JSON in UTF-8
 * @throws VdnError `isales-error`, `bad-response`, `bad-row`
 */
export function parsePage(body: Uint8Array, pageNum: number, hide: (words: string) => string): Page {
  const answer = parseJson(body);
  refuseFailure(answer, hide);
  const parsed = list.safeParse(answer);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    throw badResponse(`page ${pageNum} does not hold a list as the interface describes it (${problems})`);
  }
  const rows = parsed.data.obsCodes.map((row, index) =>
    parseResultCode(row, `page ${pageNum}, row ${index + 1}`),
  );
  return { total: parsed.data.totalCount, rows };
}

function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch (cause) {
    throw new RetriableError('not-json', 'the server answered 200 with bytes that are not UTF-8', { cause });
  }
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse quotes the body in its message, so it is not kept as a cause.
    throw new RetriableError('not-json', `the server answered 200 with ${kindOfText(text)}`);
  }
}

function kindOfText(text: string): string {
  const start = text.trimStart();
  if (start === '') return 'an empty body';
  if (start.startsWith('<')) {
    return 'an HTML page instead of JSON; a firewall or a proxy in between may have answered: ask for this machine’s address to be let through';
  }
  if (start.startsWith('{')) return 'JSON that is cut off or malformed';
  return 'something that is not JSON';
}

function refuseFailure(answer: unknown, hide: (words: string) => string): void {
  const parsed = verdict.safeParse(answer);
  if (!parsed.success) throw badResponse('the answer is no object with resultCode and returnCode as text');
  const { resultCode, returnCode, resultDesc, returnDesc } = parsed.data;
  const failure = [resultCode, returnCode].find((code) => code !== undefined && code !== successCode);
  if (failure !== undefined) {
    const said = resultDesc || returnDesc;
    throw new VdnError(
      'isales-error',
      `the server answered with failure code ${quote(hide(failure))}: ${explainFailure(failure)}` +
        (said ? `; it says ${quote(hide(said))}` : ''),
    );
  }
  if (resultCode === undefined || returnCode === undefined) {
    throw badResponse(`the answer lacks ${resultCode === undefined ? 'resultCode' : 'returnCode'}`);
  }
}

function badResponse(problem: string): VdnError {
  return new VdnError(
    'bad-response',
    `${problem}. Check that baseUrl leads to the CC-iSales open API; if it does, report this to its operator.`,
  );
}
