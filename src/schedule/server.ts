import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { FatalError } from '../errors.ts';

export interface Answer {
  readonly status: number;
  /** Content-Type and what else is particular to this answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is served, by path. A route that throws is answered with 500. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export interface HttpServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends at once, also connections that are in use. */
  close(): Promise<void>;
}

/**
 * Serves the routes by GET and HEAD.
 *
 * @throws FatalError `configuration` where the address cannot be listened on
 */
export async function serve(
  { host, port }: Config['http'],
  routes: Routes,
  logger: Logger,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    answer(routes, request, logger).then(
      (result) => send(response, request, result),
      // Nothing is left to send it to.
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(
      'configuration',
      `http: cannot listen on ${host} port ${port} (${reason}). Choose another http.port or http.host.`,
      { cause },
    );
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort(server.address())}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(routes: Routes, { method, url }: IncomingMessage, logger: Logger): Promise<Answer> {
  const path = new URL(url ?? '/', 'http://localhost').pathname;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, `Nothing is here. There are ${Object.keys(routes).join(', ')}.`);
  if (method !== 'GET' && method !== 'HEAD') {
    const refused = text(405, 'Only GET and HEAD are served here.');
    return { ...refused, headers: { ...refused.headers, allow: 'GET, HEAD' } };
  }
  try {
    return await route();
  } catch (error) {
    logger.error({ path, stack: error instanceof Error ? error.stack : undefined }, `serving ${path} failed`);
    return text(500, 'This failed; the log has the reason.');
  }
}

function send(
  response: ServerResponse,
  { method }: IncomingMessage,
  { status, headers, body }: Answer,
): void {
  response.writeHead(status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** An answer of one line. */
export function text(status: number, line: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${line}\n` };
}

function boundPort(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return address.port;
}
