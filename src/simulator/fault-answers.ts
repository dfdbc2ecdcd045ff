import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { errorBody, failureBody, jsonContentType, send } from './answers.ts';
import type { AnswerFault } from './fault-book.ts';
import type { FaultOf } from './fault-shapes.ts';

type AnswerKind = AnswerFault['kind'];

/** Answers in place of the right answer, which `rightBody` gives. */
type Answer<K extends AnswerKind> = (
  fault: FaultOf<K>,
  response: ServerResponse,
  rightBody: () => string,
) => void;

const htmlContentType = 'text/html; charset=utf-8';
const paddingBlock = Buffer.alloc(1024 * 1024, 'x');

const answers: { readonly [K in AnswerKind]: Answer<K> } = {
  status: ({ status, retryAfter }, response) =>
    send(response, status, errorBody(status, 'simulated'), {
      'Content-Type': jsonContentType,
      ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
    }),
  firewall: ({ status }, response) =>
    send(response, status, page('Request blocked', 'The firewall does not let your address through.'), {
      'Content-Type': htmlContentType,
    }),
  html: (_, response) =>
    send(response, 200, page('Sign in', 'Your session has ended.'), { 'Content-Type': htmlContentType }),
  failure: ({ resultCode, returnCode, resultDesc = 'simulated failure' }, response) =>
    send(response, 200, failureBody({ resultCode, resultDesc }, returnCode)),
  hang: () => {},
  trickle: ({ bytesPerSecond }, response, rightBody) => {
    response.writeHead(200, { 'Content-Type': jsonContentType });
    response.flushHeaders();
    void stream(slowly(Buffer.from(rightBody()), bytesPerSecond, response), response);
  },
  cut: ({ afterBytes }, response, rightBody) => {
    if (afterBytes === undefined) {
      response.destroy();
      return;
    }
    const body = Buffer.from(rightBody());
    response.writeHead(200, { 'Content-Type': jsonContentType, 'Content-Length': body.length });
    response.write(body.subarray(0, Math.min(afterBytes, body.length - 1)), () => response.destroy());
  },
  truncated: (_, response, rightBody) => {
    const body = rightBody();
    send(response, 200, body.slice(0, body.length / 2));
  },
  oversized: ({ bytes, gzip }, response, rightBody) => {
    response.writeHead(200, {
      'Content-Type': jsonContentType,
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
    });
    void stream(padded(rightBody(), bytes, gzip ? gzipSync : (part) => part), response);
  },
  redirect: ({ location, status }, response) =>
    send(response, status, errorBody(status, 'moved'), {
      'Content-Type': jsonContentType,
      Location: location,
    }),
  body: ({ body, status, headers }, response) =>
    send(response, status, body, { 'Content-Type': jsonContentType, ...headers }),
};

/** These spoil the right answer, so that a request which gets none (a wrong signature) does not meet them. */
const spoiling: ReadonlySet<AnswerKind> = new Set(['trickle', 'cut', 'truncated', 'oversized']);

export function spoilsRightAnswer({ kind }: AnswerFault): boolean {
  return spoiling.has(kind);
}

export function answerWithFault<K extends AnswerKind>(
  fault: FaultOf<K>,
  response: ServerResponse,
  rightBody: () => string,
): void {
  const answer: Answer<K> = answers[fault.kind];
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
