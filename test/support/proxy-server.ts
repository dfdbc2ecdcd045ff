import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listening } from './listening.ts';

export interface ProxyServer {
  readonly port: number;
  /** The requests: `CONNECT host:port` or `GET url`, with their user and password. */
  readonly requests: readonly string[];
}

/**
 * A forward proxy: CONNECT for https, whole URLs for http.
 *
 * @param password the required password; undefined: none
 */
export async function startProxy({
  user,
  refuses,
}: {
  user?: string;
  refuses?: number;
} = {}): Promise<ProxyServer> {
  const requests: string[] = [];
  const refusal = (request: IncomingMessage): number | undefined => {
    const [, credentials = ''] = /^Basic (.*)$/.exec(request.headers['proxy-authorization'] ?? '') ?? [];
    const given = Buffer.from(credentials, 'base64').toString();
    requests.push(`${request.method} ${request.url}${given && ` as ${given}`}`);
    if (user !== undefined && given !== user) return 407;
    return refuses;
  };
  const server = createServer((request, response) => {
    const status = refusal(request);
    if (status !== undefined) response.writeHead(status).end();
    else forward(request, response, new URL(request.url ?? ''));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const status = refusal(request);
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [host = '', port = ''] = request.url?.split(':') ?? [];
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  return { port: await listening(server), requests };
}

/** How a balancer or gateway changes a request on its way to the server. */
export interface Rewriting {
  readonly host?: string;
  readonly path?: (path: string) => string;
}

/** A front that passes requests on to a server, rewritten; with TLS where a certificate is given. Gives its port. */
export async function startFront(
  upstream: string,
  rewriting: Rewriting,
  tls?: ServerOptions,
): Promise<number> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    const url = new URL(rewriting.path?.(path) ?? path, upstream);
    forward(request, response, url, rewriting.host);
  };
  return listening(tls === undefined ? createServer(answer) : createTlsServer(tls, answer));
}

function forward(request: IncomingMessage, response: ServerResponse, url: URL, host?: string): void {
  const headers = { ...request.headers, ...(host === undefined ? {} : { host }) };
  const passed = send(url, { method: request.method ?? 'GET', headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
}
