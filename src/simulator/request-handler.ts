import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { errorBody, failureBody, jsonContentType, pageBody, send } from './answers.ts';
import { type AuthenticationRules, authenticationProblem } from './authentication.ts';
import { type Locale, locales } from './descriptions.ts';
import type { BehindTheEnd, PageDraft } from './fault-kind.ts';
import type { FaultBook, Met } from './faults.ts';
import { type ListedCode, rowOf } from './generated-list.ts';
import { rowsOf } from './list-faults.ts';
import { type Lists, vdnList } from './lists.ts';
import { checkParameters, type PageParameters } from './parameters.ts';
import type { RequestLog } from './request-log.ts';

/**
 * Edits a VDN's list between requests: called before each request that is answered from the list, with
 * the list as it stands and the number of that request (from 1). What it returns is the new list.
 */
export type EditScript = (
  codes: readonly ListedCode[],
  requestNumber: number,
) => readonly ListedCode[] | undefined;

export interface Script {
  readonly edit: EditScript;
  requests: number;
}

/** All that a simulator is made of. */
export interface State {
  readonly lists: Lists;
  readonly faults: FaultBook;
  readonly scripts: Map<number, Script>;
  readonly requests: RequestLog;
  readonly rules: AuthenticationRules;
  readonly latencyMs: number;
  readonly maxPageSize: number;
  readonly flowControl: FlowControl;
  /** What a balancer in front makes of every request's Host; undefined: nothing. */
  readonly seenHost: string | undefined;
  /** Added to the clock that the Date header shows. */
  readonly clockOffsetMs: number;
}

const path = /^\/rest\/isales\/v1\/openapi\/campaigns\/([^/]*)\/queryOBSResultCode$/;

/** Answers one request of the interface. */
export async function handleRequest(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '', rawHeaders } = request;
  const queryStart = url.indexOf('?');
  const vdnText = path.exec(queryStart < 0 ? url : url.slice(0, queryStart))?.[1];
  const query = new URLSearchParams(queryStart < 0 ? '' : url.slice(queryStart + 1));
  const vdnId = number(vdnText);
  const pageNum = number(query.get('pageNum'));
  const entry = state.requests.arrived({
    method,
    url,
    rawHeaders,
    vdnId,
    pageNum,
    pageSize: number(query.get('pageSize')),
  });
  response.once('close', () =>
    state.requests.ended(entry, response.headersSent ? response.statusCode : undefined),
  );
  if (state.clockOffsetMs !== 0) {
    response.setHeader('Date', new Date(Date.now() + state.clockOffsetMs).toUTCString());
  }
  if (vdnText === undefined) {
    send(response, 404, errorBody(404, 'there is no such path'));
    return;
  }
  if (method !== 'GET') {
    send(response, 405, errorBody(405, 'GET only'), { 'Content-Type': jsonContentType, Allow: 'GET' });
    return;
  }
  if (!state.flowControl.takes(performance.now())) {
    send(response, 429, errorBody(429, 'too many requests'));
    return;
  }
  const met = state.faults.meet(vdnId, pageNum);
  const body = await bodyOf(request);
  const seen = asSeen(rawHeaders, state.seenHost);
  entry.refused = authenticationProblem({ method, url, rawHeaders: seen, body }, state.rules);
  const answer = chooseAnswer(state, request, response, vdnText, query, met, entry.refused);
  const waitMs = state.latencyMs + met.delayMs;
  if (waitMs > 0) await wait(waitMs, undefined, { ref: false });
  answer();
}

/** The answer is worked out when the request arrives, and sent when the caller likes. */
function chooseAnswer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  vdnText: string,
  query: URLSearchParams,
  met: Met,
  refused: string | undefined,
): () => void {
  const { answer, spoils = false } = met.answer ?? {};
  const checked = checkParameters(vdnText, query, request.headers['content-type']);
  const rightAnswer = (): Answer =>
    'resultCode' in checked
      ? { status: 200, body: failureBody(checked) }
      : pageOf(state, checked, localeOf(request), met);
  // Other faults stand in front of the server, as a firewall does: they come before the signature.
  if (answer !== undefined && (refused === undefined || !spoils)) {
    return () => answer(response, () => rightAnswer().body);
  }
  if (refused !== undefined) {
    return () => send(response, 401, errorBody(401, `authentication failed: ${refused}`));
  }
  const { status, body } = rightAnswer();
  return () => send(response, status, body);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function pageOf(state: State, parameters: PageParameters, locale: Locale, met: Met): Answer {
  const { lists, scripts } = state;
  const { vdnId, pageNum } = parameters;
  runScript(scripts.get(vdnId), lists, vdnId);
  for (const { fault } of met.list) fault.edit?.(vdnList(lists, vdnId));
  const pageSize = Math.min(parameters.pageSize, state.maxPageSize);
  if (met.list.length > 0) return bentPage(lists, { vdnId, pageNum, pageSize }, locale, met);
  const start = (pageNum - 1) * pageSize;
  const rows = lists.rowsJson(vdnId, locale, start, start + pageSize);
  return { status: 200, body: pageBody(rows, String(lists.count(vdnId))) };
}

function bentPage(
  lists: Lists,
  { vdnId, pageNum, pageSize }: PageParameters,
  locale: Locale,
  met: Met,
): Answer {
  const listOf = (edits: number, ofVdn = vdnId) =>
    lists.codesBefore(ofVdn, edits).map((code) => rowOf(code, locale));
  const list = listOf(0);
  const plain: PageDraft = { list, total: list.length, pageNum, pageSize, missing: 0 };
  const draft = met.list.reduce<PageDraft>(
    (bent, { fault, ...known }) => fault.bend?.(bent, { listOf, vdnId, ...known }) ?? bent,
    plain,
  );
  const isBehind = draft.pageNum > Math.max(1, Math.ceil(draft.list.length / draft.pageSize));
  return isBehind && draft.behind !== undefined
    ? behindTheEnd(draft, draft.behind)
    : { status: 200, body: bodyOfPage(draft) };
}

function bodyOfPage(draft: PageDraft): string {
  const rows = rowsOf(draft).map((row) => JSON.stringify(row));
  return pageBody(rows.join(), JSON.stringify(draft.total) ?? 'null');
}

function behindTheEnd(draft: PageDraft, answer: BehindTheEnd): Answer {
  if (typeof answer === 'number') return { status: answer, body: errorBody(answer, 'there is no such page') };
  if (answer === 'failure')
    return { status: 200, body: failureBody({ resultCode: '0200001', resultDesc: 'pageNum' }) };
  if (answer === 'last-page') {
    const pageNum = Math.ceil(draft.list.length / draft.pageSize);
    return { status: 200, body: bodyOfPage({ ...draft, pageNum }) };
  }
  const { obsCodes: _, ...others } = JSON.parse(bodyOfPage(draft));
  return { status: 200, body: JSON.stringify(answer === 'null' ? { obsCodes: null, ...others } : others) };
}

function runScript(script: Script | undefined, lists: Lists, vdnId: number): void {
  if (script === undefined) return;
  script.requests += 1;
  const changed = script.edit(lists.codes(vdnId), script.requests);
  if (changed !== undefined) lists.replace(vdnId, changed);
}

function asSeen(rawHeaders: readonly string[], host: string | undefined): readonly string[] {
  if (host === undefined) return rawHeaders;
  return rawHeaders.map((text, index) => (rawHeaders[index - 1]?.toLowerCase() === 'host' ? host : text));
}

function localeOf(request: IncomingMessage): Locale {
  const asked = request.headers.locale;
  return locales.find((locale) => locale === asked) ?? locales[0];
}

function number(text: string | null | undefined): number | undefined {
  return text === null || text === undefined || text === '' ? undefined : Number(text);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding === undefined && (length === undefined || length === '0') ? '' : text(request);
}

/** Takes so many requests a second and no more, evenly: one that comes sooner is refused and does not count. */
export class FlowControl {
  readonly #gapMs: number;
  #freeAt = Number.NEGATIVE_INFINITY;

  /** @param requestsPerSecond undefined: any number */
  constructor(requestsPerSecond: number | undefined) {
    this.#gapMs = requestsPerSecond === undefined ? 0 : 1000 / requestsPerSecond;
  }

  takes(now: number): boolean {
    if (now < this.#freeAt) return false;
    this.#freeAt = now + this.#gapMs;
    return true;
  }
}
