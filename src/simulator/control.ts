import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { errorBody, send } from './answers.ts';
import { type Absence, awayModes } from './away.ts';
import { faultSchema } from './faults.ts';
import { mustBeVdn, type VdnList, vdnList } from './lists.ts';
import type { State } from './request-handler.ts';

/** Paths that begin with this edit the simulator instead of asking it. */
export const controlPrefix = '/simulator/';

/** What can be edited, also whether the server is away. */
interface Editable extends State {
  readonly absence: Absence;
}

interface Asked {
  readonly state: Editable;
  /** The parts of the path that vary, decoded. */
  readonly parts: readonly string[];
  /** The request's JSON; undefined where there is no body. */
  readonly body: unknown;
}

/** What is answered as JSON; undefined is a 204. */
type Route = readonly [method: string, path: RegExp, act: (asked: Asked) => unknown];

const newText = z.union([z.string(), z.null(), z.strictObject({ zh_CN: z.string(), en_US: z.string() })]);
const listedCode = z.strictObject({ obsCode: z.string(), obsCodeDesc: newText });
const codeToAdd = listedCode.extend({ position: z.int().nonnegative().optional() });
const bulkEdit = z.strictObject({
  share: z.number(),
  firstVdn: z.int().optional(),
  lastVdn: z.int().optional(),
});

/** A server that refuses connections cannot be told to come back. */
const absence = z
  .strictObject({ how: z.enum(awayModes), forMs: z.int().positive().optional() })
  .refine(({ how, forMs }) => how !== 'refused' || forMs !== undefined, 'refused needs forMs');

const routes: readonly Route[] = [
  ['GET', /^vdns\/(\d+)$/, (asked) => ({ codes: listOf(asked).codes() })],
  ['PUT', /^vdns\/(\d+)$/, (asked) => listOf(asked).replace(z.array(listedCode).parse(asked.body))],
  ['DELETE', /^vdns\/(\d+)$/, (asked) => listOf(asked).reset()],
  ['POST', /^vdns\/(\d+)\/codes$/, addCode],
  [
    'PUT',
    /^vdns\/(\d+)\/codes\/([^/]+)$/,
    (asked) =>
      listOf(asked).change(
        asked.parts[1] ?? '',
        z.strictObject({ obsCodeDesc: newText }).parse(asked.body).obsCodeDesc,
      ),
  ],
  ['DELETE', /^vdns\/(\d+)\/codes\/([^/]+)$/, (asked) => listOf(asked).remove(asked.parts[1] ?? '')],
  ['GET', /^(?:vdns\/(\d+)\/)?fault$/, (asked) => asked.state.faults.list(scopeOf(asked))],
  ['PUT', /^(?:vdns\/(\d+)\/)?fault$/, setFaults],
  ['DELETE', /^(?:vdns\/(\d+)\/)?fault$/, (asked) => asked.state.faults.clear(scopeOf(asked))],
  ['PUT', /^away$/, goAway],
  ['DELETE', /^away$/, ({ state }) => void state.absence.end()],
  ['GET', /^requests$/, ({ state }) => state.requests.counts()],
  ['DELETE', /^requests$/, ({ state }) => state.requests.reset()],
  ['POST', /^edit$/, ({ state, body }) => ({ changed: state.lists.rewrite(bulkEdit.parse(body)) })],
];

/** Answers a request that edits or inspects the simulator itself. From another machine there is no such path. */
export async function handleControl(
  state: Editable,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLoopback(request.socket.remoteAddress)) {
    send(response, 404, errorBody(404, 'there is no such path'));
    return;
  }
  const path = (request.url ?? '').slice(controlPrefix.length);
  const body = await text(request);
  try {
    const result = act(state, request.method ?? '', path, body);
    if (result === undefined) response.writeHead(204).end();
    else send(response, 200, JSON.stringify(result));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    send(response, refusal.status, errorBody(refusal.status, refusal.message));
  }
}

class NoSuchRoute extends Error {}

function act(state: Editable, method: string, path: string, body: string): unknown {
  for (const [routeMethod, pattern, handle] of routes) {
    const match = routeMethod === method ? pattern.exec(path) : null;
    if (match === null) continue;
    const parts = match.slice(1).map((part) => decodeURIComponent(part ?? ''));
    return handle({ state, parts, body: body === '' ? undefined : JSON.parse(body) });
  }
  throw new NoSuchRoute(`${method} ${controlPrefix}${path} is not known; see simulate --help`);
}

function addCode(asked: Asked): void {
  const { obsCode, obsCodeDesc, position } = codeToAdd.parse(asked.body);
  listOf(asked).add(obsCode, obsCodeDesc, position);
}

function setFaults(asked: Asked): void {
  const scope = scopeOf(asked);
  const parsed = z.array(faultSchema).parse(Array.isArray(asked.body) ? asked.body : [asked.body]);
  asked.state.faults.clear(scope);
  for (const { told } of parsed) asked.state.faults.add(scope, told);
}

/** After the answer: where connections are refused, its own is cut too. */
function goAway({ state, body }: Asked): void {
  const { how, forMs } = absence.parse(body);
  setImmediate(() => void state.absence.begin(how, forMs));
}

function listOf({ state, parts }: Asked): VdnList {
  return vdnList(state.lists, Number(parts[0]));
}

function scopeOf({ parts: [vdn = ''] }: Asked): number | 'all' {
  if (vdn === '') return 'all';
  mustBeVdn(Number(vdn));
  return Number(vdn);
}

function refusalOf(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof NoSuchRoute) return { status: 404, message: error.message };
  if (error instanceof z.ZodError) return { status: 400, message: z.prettifyError(error) };
  // What the lists say of a VDN or code that is not there, and what JSON and percent-decoding throw.
  if (error instanceof RangeError || error instanceof SyntaxError || error instanceof URIError) {
    return { status: 400, message: error.message };
  }
  return undefined;
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}
