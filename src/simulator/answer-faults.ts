import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { errorBody, failureBody, jsonContentType, send } from './answers.ts';
import { type ShortForm, shape } from './fault-kind.ts';

interface AnswerFaultKind<S extends z.ZodType> {
  readonly shape: S;
  readonly short?: ShortForm;
  /** It spoils the right answer, so that a request which gets none (a wrong signature) does not meet it. */
  readonly spoils?: true;
  /** Answers in place of the right answer, which `rightBody` gives. */
  readonly answer: (fault: z.output<S>, response: ServerResponse, rightBody: () => string) => void;
}

const answerFault = <S extends z.ZodType>(definition: AnswerFaultKind<S>): AnswerFaultKind<S> => definition;

const htmlContentType = 'text/html; charset=utf-8';
const paddingBlock = Buffer.alloc(1024 * 1024, 'x');
const status = z.int().min(200).max(599);

/** Faults that are a whole answer: each with what can be told about it and what it answers. */
export const answerFaults = {
  /** An HTTP status, with `Retry-After` as given: seconds or an HTTP date. */
  status: answerFault({
    shape: shape('status', { status, retryAfter: z.string().optional() }),
    short: ['status', Number],
    answer: ({ status, retryAfter }, response) =>
      send(response, status, errorBody(status, 'simulated'), {
        'Content-Type': jsonContentType,
        ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
      }),
  }),
  /** A firewall's own HTML page. */
  firewall: answerFault({
    shape: shape('firewall', { status: status.default(403) }),
    short: ['status', Number],
    answer: ({ status }, response) =>
      send(response, status, page('Request blocked', 'The firewall does not let your address through.'), {
        'Content-Type': htmlContentType,
      }),
  }),
  /** HTML with status 200, as from a login page. */
  html: answerFault({
    shape: shape('html', {}),
    answer: (_, response) =>
      send(response, 200, page('Sign in', 'Your session has ended.'), { 'Content-Type': htmlContentType }),
  }),
  /** A failure code inside a 200, without a list; `returnCode` differs from it only where given. */
  failure: answerFault({
    shape: shape('failure', {
      resultCode: z.string(),
      returnCode: z.string().optional(),
      resultDesc: z.string().optional(),
    }),
    short: ['resultCode', String],
    answer: ({ resultCode, returnCode, resultDesc = 'simulated failure' }, response) =>
      send(response, 200, failureBody({ resultCode, resultDesc }, returnCode)),
  }),
  /** The request is accepted and never answered. */
  hang: answerFault({ shape: shape('hang', {}), answer: () => {} }),
  /** The right answer, so many bytes a second. */
  trickle: answerFault({
    shape: shape('trickle', { bytesPerSecond: z.int().positive().default(1) }),
    short: ['bytesPerSecond', Number],
    spoils: true,
    answer: ({ bytesPerSecond }, response, rightBody) => {
      response.writeHead(200, { 'Content-Type': jsonContentType });
      response.flushHeaders();
      void stream(slowly(Buffer.from(rightBody()), bytesPerSecond, response), response);
    },
  }),
  /** The connection is cut: before any answer, or after so many bytes of the right body. */
  cut: answerFault({
    shape: shape('cut', { afterBytes: z.int().nonnegative().optional() }),
    short: ['afterBytes', Number],
    spoils: true,
    answer: ({ afterBytes }, response, rightBody) => {
      if (afterBytes === undefined) {
        response.destroy();
        return;
      }
      const body = Buffer.from(rightBody());
      response.writeHead(200, { 'Content-Type': jsonContentType, 'Content-Length': body.length });
      response.write(body.subarray(0, Math.min(afterBytes, body.length - 1)), () => response.destroy());
    },
  }),
  /** A complete HTTP response whose JSON ends halfway. */
  truncated: answerFault({
    shape: shape('truncated', {}),
    spoils: true,
    answer: (_, response, rightBody) => {
      const body = rightBody();
      send(response, 200, body.slice(0, body.length / 2));
    },
  }),
  /** The right answer made larger by so many bytes (still valid JSON), plain or as a small gzip. */
  oversized: answerFault({
    shape: shape('oversized', { bytes: z.int().positive(), gzip: z.boolean().default(false) }),
    short: ['bytes', Number],
    spoils: true,
    answer: ({ bytes, gzip }, response, rightBody) => {
      response.writeHead(200, {
        'Content-Type': jsonContentType,
        ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
      });
      void stream(padded(rightBody(), bytes, gzip ? gzipSync : (part) => part), response);
    },
  }),
  /** A redirect, wherever it leads. */
  redirect: answerFault({
    shape: shape('redirect', { location: z.string(), status: z.int().min(300).max(399).default(302) }),
    short: ['location', String],
    answer: ({ location, status }, response) =>
      send(response, status, errorBody(status, 'moved'), {
        'Content-Type': jsonContentType,
        Location: location,
      }),
  }),
  /** Exactly this body. */
  body: answerFault({
    shape: shape('body', {
      body: z.union([z.string(), z.instanceof(Uint8Array)]),
      status: status.default(200),
      headers: z.record(z.string(), z.string()).default({}),
    }),
    short: ['body', String],
    answer: ({ body, status, headers }, response) =>
      send(response, status, body, { 'Content-Type': jsonContentType, ...headers }),
  }),
};

type AnswerKind = keyof typeof answerFaults;
type AnswerFaultOf<K extends AnswerKind> = {
  [P in K]: z.output<(typeof answerFaults)[P]['shape']> & { kind: P };
}[K];
type Kinds = { readonly [K in AnswerKind]: Pick<AnswerFaultKind<z.ZodType<AnswerFaultOf<K>>>, 'answer'> };
const kinds: Kinds = answerFaults;

export type AnswerFault = AnswerFaultOf<AnswerKind>;

export function isAnswerFault(fault: { readonly kind: string }): fault is AnswerFault {
  return Object.hasOwn(answerFaults, fault.kind);
}

export function spoilsRightAnswer({ kind }: AnswerFault): boolean {
  return answerFaults[kind].spoils === true;
}

export function answerWithFault<K extends AnswerKind>(
  fault: AnswerFaultOf<K>,
  response: ServerResponse,
  rightBody: () => string,
): void {
  const { answer }: Kinds[K] = kinds[fault.kind];
  answer(fault, response, rightBody);
}

/** A client that has had enough cuts the connection: that is no error here. */
async function stream(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, response: ServerResponse) {
  await pipeline(Readable.from(chunks), response).catch(() => response.destroy());
}

/**
 * `body`, a JSON object, with one more member that is `bytes` long. Gzip members may be put one behind the
 * other, so each block is packed alone and the same packed block is sent again and again.
 */
function* padded(body: string, bytes: number, pack: (part: Buffer) => Uint8Array): Generator<Uint8Array> {
  const block = pack(paddingBlock);
  yield pack(Buffer.from(`${body.slice(0, -1)},"padding":"`));
  for (let left = bytes; left > 0; left -= paddingBlock.length) {
    yield left >= paddingBlock.length ? block : pack(paddingBlock.subarray(0, left));
  }
  yield pack(Buffer.from('"}'));
}

async function* slowly(body: Buffer, bytesPerSecond: number, response: ServerResponse) {
  const piece = Math.ceil(bytesPerSecond / 20);
  for (let start = 0; start < body.length && !response.destroyed; start += piece) {
    yield body.subarray(start, start + piece);
    await new Promise<void>((resolve) => setTimeout(resolve, (1000 * piece) / bytesPerSecond).unref());
  }
}

function page(title: string, text: string): string {
  return `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${text}</p></body></html>\n`;
}
