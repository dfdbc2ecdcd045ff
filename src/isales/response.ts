import { z } from 'zod';
import type { Page } from '../domain/complete-snapshot.ts';
import { quote } from '../domain/quote.ts';
import { parseResultCode } from '../domain/result-code.ts';
import { RetriableError, VdnError } from '../errors.ts';
import { adviceOn, explainFailure, passingCodes, successCode } from './failure-catalogue.ts';
import { safeText, textsIn } from './refusal-text.ts';

/** A larger total counts as a fault of the server. */
const largestTotal = 100_000;

const verdict = z.object({
  resultCode: z.string().optional(),
  returnCode: z.string().optional(),
});

/** Sibling interfaces give integers as text (interface, "Failure codes"). */
const total = z.union(
  [
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ],
  {
    error: 'expected a whole number that is not negative',
  },
);

const list = z.object({ totalCount: total, obsCodes: z.array(z.unknown()).nullish() });

const fields = new Set(['obsCodes', 'totalCount', 'resultCode', 'returnCode', 'resultDesc', 'returnDesc']);
const fieldsOfRow = new Set(['obsCode', 'obsCodeDesc']);

/** Fatal: otherwise bytes that are not UTF-8 would silently become U+FFFD. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface ParseOptions {
  /** Counted from 1; names the page in messages. */
  readonly pageNum: number;
  /** The page behind the last: its total is not looked at, and a list may be missing. */
  readonly behind: boolean;
  /** Removes secrets from the server's text, which may echo the request. */
  readonly hide: (words: string) => string;
  /** Called for each field that the interface's documents do not have; harmless text. */
  readonly onUnknownField: (name: string) => void;
}

/**
 * Reads the body of an HTTP 200 (interface, "Response").
 *
 * Three deviations are accepted, since sibling interfaces of the same server have them: a total as digits in text, a
 * list that is null or missing where the total is 0, one of the two result codes missing.
 *
 * @param body the decompressed bytes
 * @throws RetriableError `not-json` for what is cut off or no JSON in UTF-8, `isales-error` for a code that passes
 * @throws VdnError `isales-error`, `bad-response`, `bad-row`, `too-large`
 */
export function parsePage(body: Uint8Array, options: ParseOptions): Page {
  const answer = parseJson(body);
  refuseFailure(answer, options.hide);
  reportUnknownFields(answer, fields, '', options);
  const { totalCount, obsCodes } = options.behind ? listBehind(answer, options) : listOf(answer, options);
  const rows = obsCodes.map((row, index) => {
    reportUnknownFields(row, fieldsOfRow, 'obsCodes.', options);
    return parseResultCode(row, `page ${options.pageNum}, row ${index + 1}`);
  });
  return { total: totalCount, rows };
}

interface List {
  readonly totalCount: number;
  readonly obsCodes: readonly unknown[];
}

function listOf(answer: unknown, { pageNum }: ParseOptions): List {
  const parsed = list.safeParse(answer);
  if (!parsed.success) throw noList(pageNum, parsed.error);
  const { totalCount, obsCodes } = parsed.data;
  if (totalCount > largestTotal) {
    throw new VdnError(
      'too-large',
      `page ${pageNum} states ${totalCount} codes; more than ${largestTotal} are not taken for a list. Have the operator of ` +
        'the server look at it.',
    );
  }
  if (!obsCodes && totalCount > 0) {
    throw badResponse(`page ${pageNum} states ${totalCount} codes and has no list (obsCodes is missing)`);
  }
  return { totalCount, obsCodes: obsCodes ?? [] };
}

function listBehind(answer: unknown, { pageNum }: ParseOptions): List {
  const parsed = list.pick({ obsCodes: true }).safeParse(answer);
  if (!parsed.success) throw noList(pageNum, parsed.error);
  const obsCodes = parsed.data.obsCodes ?? [];
  return { totalCount: obsCodes.length, obsCodes };
}

function noList(pageNum: number, { issues }: z.ZodError): VdnError {
  const problems = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return badResponse(`page ${pageNum} does not hold a list as the interface describes it (${problems})`);
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
  const { resultCode, returnCode } = parsed.data;
  const codes = [resultCode, returnCode].filter((code) => code !== undefined);
  if (codes.length === 0) throw badResponse('the answer lacks resultCode and returnCode');
  const failure = codes.find((code) => code !== successCode);
  if (failure === undefined) return;
  const said = safeText(
    textsIn(answer).filter((text) => !codes.includes(text)),
    hide,
  );
  const message =
    `the server answered with failure code ${quote(hide(failure))}: ${explainFailure(failure)}` +
    (said === undefined ? '' : `; it says ${said}`) +
    adviceOn(failure);
  throw passingCodes.has(failure)
    ? new RetriableError('isales-error', message)
    : new VdnError('isales-error', message);
}

function reportUnknownFields(
  value: unknown,
  known: ReadonlySet<string>,
  path: string,
  { hide, onUnknownField }: ParseOptions,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const name of Object.keys(value)) {
    if (!known.has(name)) onUnknownField(quote(hide(path + name)));
  }
}

function badResponse(problem: string): VdnError {
  return new VdnError(
    'bad-response',
    `${problem}. Check that baseUrl leads to the CC-iSales open API; if it does, report this to its operator.`,
  );
}
