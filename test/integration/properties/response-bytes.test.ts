import { createServer, type Server } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VdnError } from '../../../src/errors.ts';
import { createClient, type IsalesClient } from '../../../src/isales/client.ts';
import { ServerQueue } from '../../../src/isales/server-queue.ts';
import { testKeys } from '../../support/configuration.ts';
import { listen } from '../../support/listening.ts';
import { responseBody } from '../../support/mutated-bodies.ts';
import { parsePageOf } from '../../support/parsed-page.ts';
import { runs } from '../../support/runs.ts';

/** Answers every request with the next of these bytes, and closes. */
let answer: Buffer;
let server: Server;
let client: IsalesClient;

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(answer));
  });
  const port = await listen(server);
  const source = {
    ...testKeys,
    baseUrl: `http://127.0.0.1:${port}`,
    timeoutMs: 20_000,
    retries: 0,
    tls: { insecureSkipVerify: false },
    signing: { headers: ['content-type', 'host'], timestamp: 'seconds' },
  } as const;
  client = createClient(
    { ...source, signing: { ...source.signing, headers: [...source.signing.headers] } },
    queue,
  );
});
const none = { firstProbeMs: 0, longestProbeMs: 0, firstPauseMs: 0, longestPauseMs: 0, slowestGapMs: 0 };
const queue = new ServerQueue({ concurrency: 1, outageMs: 1 }, { delays: none });

afterAll(async () => {
  client.close();
  queue.close();
  await new Promise((resolve) => server.close(resolve));
});

test(
  'over HTTP the same bytes come to the same, plain, in chunks or packed',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        responseBody,
        fc.constantFrom('length', 'close', 'chunks', 'gzip'),
        async (body, how) => {
          answer = Buffer.concat(framed(body, how));
          expect(await outcome(ask())).toEqual(await outcome(async () => parsePageOf(body)));
        },
      ),
      { numRuns: runs(500) },
    );
  },
  runs(60_000),
);

test(
  'for any bytes that a server sends, the client gives a page or one of its own errors',
  async () => {
    await fc.assert(
      fc.asyncProperty(rawResponse, async (bytes) => {
        answer = bytes;
        const { page, error } = await outcome(ask());
        expect(page ?? error).toBeDefined();
        expect(error?.[0]).not.toBe('source-unavailable');
      }),
      { numRuns: runs(500) },
    );
  },
  runs(60_000),
);

const ask = () => () =>
  client.fetchPage({ vdnId: 1, pageNum: 1, pageSize: 50 }, new AbortController().signal, () => {});

async function outcome(read: () => Promise<unknown>) {
  try {
    return { page: await read() };
  } catch (error) {
    // No TypeError of a parser, and no error of the HTTP library, which would hold the request and its signature.
    if (!(error instanceof VdnError)) throw error;
    expect(inspect(error, { depth: 10 })).not.toContain('auth-v2');
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    return { error: [error.code, error.message] };
  }
}

function framed(body: Buffer, how: 'length' | 'close' | 'chunks' | 'gzip'): Buffer[] {
  const head = (...headers: string[]) => Buffer.from(`HTTP/1.1 200 OK\r\n${headers.join('\r\n')}\r\n\r\n`);
  switch (how) {
    case 'length':
      return [head(`Content-Length: ${body.length}`, 'Connection: close'), body];
    case 'close':
      return [head('Connection: close'), body];
    case 'gzip':
      return [head('Content-Encoding: gzip', 'Connection: close'), gzipSync(body)];
    case 'chunks': {
      const half = Math.ceil(body.length / 2);
      const parts = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0);
      const chunks = parts.map((part) =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
      );
      return [head('Transfer-Encoding: chunked', 'Connection: close'), ...chunks, Buffer.from('0\r\n\r\n')];
    }
  }
}

const statusLine = fc.constantFrom(
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.0 200',
    'HTTP/1.1 299 ',
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 101 Switching Protocols',
  ],
  ...[
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 304 ',
    'HTTP/1.1 429 ',
    'HTTP/1.1 999 ',
    'HTTP/9.9 200 OK',
    'ICY 200',
    '',
  ],
);
const header = fc.oneof(
  fc.constantFrom(
    ...[
      'Content-Length: 10',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'Content-Length: 1, 2',
    ],
    ...[
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip',
      'Content-Encoding: gzip',
      'Content-Encoding: br',
    ],
    ...[
      'Content-Encoding: zstd',
      'Content-Encoding: nonsense',
      'Content-Encoding: deflate',
      'Connection: close',
    ],
    ...[
      'Retry-After: 1e9',
      'Retry-After: never',
      'Retry-After: -5',
      'Date: yesterday',
      'Location: http://[',
      'Location: ',
    ],
    ...[
      'Upgrade: h2c',
      'Set-Cookie: a=b',
      `Long: ${'x'.repeat(20_000)}`,
      'no colon',
      ': no name',
      'Content-Type: text/html',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const rawResponse = fc
  .tuple(statusLine, fc.array(header, { maxLength: 3 }), fc.constantFrom('\r\n', '\n'), responseBody)
  .map(([status, headers, end, body]) =>
    Buffer.concat([Buffer.from([status, ...headers].join(end) + end + end), body]),
  );
