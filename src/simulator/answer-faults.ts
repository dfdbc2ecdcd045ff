import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { errorBody, failureBody, jsonContentType, send } from './answers.ts';
import { fault } from './fault-kind.ts';

const htmlContentType = 'text/html; charset=utf-8';
const paddingBlock = Buffer.alloc(1024 * 1024, 'x');
const status = z.int().min(200).max(599);

/** Faults that are a whole answer. */
export const answerFaults = [
  /** An HTTP status, with `Retry-After` as given: seconds or an HTTP date. */
  fault(
    'status',
    { status, retryAfter: z.string().optional() },
    ({ status, retryAfter }) => ({
      answer: (response) =>
        send(response, status, errorBody(status, 'simulated'), {
          'Content-Type': jsonContentType,
          ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
        }),
    }),
    ['status', Number],
  ),
  /** A firewall's own HTML page. */
  fault(
    'firewall',
    { status: status.default(403) },
    ({ status }) => ({
      answer: (response) =>
        send(response, status, page('Request blocked', 'The firewall does not let your address through.'), {
          'Content-Type': htmlContentType,
        }),
    }),
    ['status', Number],
  ),
  /** HTML with status 200, as from a login page. */
  fault('html', {}, () => ({
    answer: (response) =>
      send(response, 200, page('Sign in', 'Your session has ended.'), { 'Content-Type': htmlContentType }),
  })),
  /** A failure code inside a 200, without a list; `returnCode` differs from it only where given. */
  fault(
    'failure',
    { resultCode: z.string(), returnCode: z.string().optional(), resultDesc: z.string().optional() },
    ({ resultCode, returnCode, resultDesc = 'simulated failure' }) => ({
      answer: (response) => send(response, 200, failureBody({ resultCode, resultDesc }, returnCode)),
    }),
    ['resultCode', String],
  ),
  /** The request is accepted and never answered. */
  fault('hang', {}, () => ({ answer: () => {} })),
  /** The right answer, so many bytes a second. */
  fault(
    'trickle',
    { bytesPerSecond: z.int().positive().default(1) },
    ({ bytesPerSecond }) => ({
      spoils: true,
      answer: (response, rightBody) => {
        response.writeHead(200, { 'Content-Type': jsonContentType });
        response.flushHeaders();
        void stream(slowly(Buffer.from(rightBody()), bytesPerSecond, response), response);
      },
    }),
    ['bytesPerSecond', Number],
  ),
  /** The connection is cut: before any answer, or after so many bytes of the right body. */
  fault(
    'cut',
    { afterBytes: z.int().nonnegative().optional() },
    ({ afterBytes }) => ({
      spoils: true,
      answer: (response, rightBody) => {
        if (afterBytes === undefined) {
          response.destroy();
          return;
        }
        const body = Buffer.from(rightBody());
        response.writeHead(200, { 'Content-Type': jsonContentType, 'Content-Length': body.length });
        response.write(body.subarray(0, Math.min(afterBytes, body.length - 1)), () => response.destroy());
      },
    }),
    ['afterBytes', Number],
  ),
  /** A complete HTTP response whose JSON ends halfway. */
  fault('truncated', {}, () => ({
    spoils: true,
    answer: (response, rightBody) => {
      const body = rightBody();
      send(response, 200, body.slice(0, body.length / 2));
    },
  })),
  /** The right answer made larger by so many bytes (still valid JSON), plain or as a small gzip. */
  fault(
    'oversized',
    { bytes: z.int().positive(), gzip: z.boolean().default(false) },
    ({ bytes, gzip }) => ({
      spoils: true,
      answer: (response, rightBody) => {
        response.writeHead(200, {
          'Content-Type': jsonContentType,
          ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
        });
        void stream(padded(rightBody(), bytes, gzip ? gzipSync : (part) => part), response);
      },
    }),
    ['bytes', Number],
  ),
  /** A redirect to any address. */
  fault(
    'redirect',
    { location: z.string(), status: z.int().min(300).max(399).default(302) },
    ({ location, status }) => ({
      answer: (response) =>
        send(response, status, errorBody(status, 'moved'), {
          'Content-Type': jsonContentType,
          Location: location,
        }),
    }),
    ['location', String],
  ),
  /** Exactly this body. */
  fault(
    'body',
    {
      body: z.union([z.string(), z.instanceof(Uint8Array)]),
      status: status.default(200),
      headers: z.record(z.string(), z.string()).default({}),
    },
    ({ body, status, headers }) => ({
      answer: (response) => send(response, status, body, { 'Content-Type': jsonContentType, ...headers }),
    }),
    ['body', String],
  ),
];

/** A client may cut the connection: that is no error here. */
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
