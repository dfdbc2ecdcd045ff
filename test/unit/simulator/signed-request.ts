import { createHmac } from 'node:crypto';
import {
  type Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { type Account, demoAccount } from '../../../src/simulator/index.ts';

export interface AskOptions {
  readonly account?: Account;
  readonly method?: string;
  /** Path and query; overrides the three numbers. */
  readonly target?: string;
  readonly pageNum?: number | string;
  readonly pageSize?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly without?: readonly string[];
  readonly signed?: readonly string[];
  readonly at?: Date;
  readonly milliseconds?: boolean;
  readonly ca?: string | undefined;
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const fixedHeaders = { 'content-type': 'application/json; charset=UTF-8' };

/** Asks the simulator for a page of a VDN with a signature made here, from the vendor's description alone. */
export async function ask(
  baseUrl: string,
  vdnId: number | string,
  options: AskOptions = {},
): Promise<Answer> {
  const response = await respond(baseUrl, vdnId, options);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** As `ask`, without reading the body. */
export function respond(
  baseUrl: string,
  vdnId: number | string,
  options: AskOptions = {},
): Promise<IncomingMessage> {
  const { pageNum = 1, pageSize = 50 } = options;
  const target =
    options.target ??
    `/rest/isales/v1/openapi/campaigns/${vdnId}/queryOBSResultCode?pageSize=${pageSize}&pageNum=${pageNum}`;
  const url = new URL(baseUrl);
  const headers: Record<string, string> = { host: url.host, ...fixedHeaders, ...options.headers };
  for (const name of options.without ?? []) delete headers[name];
  headers.authorization ??= authorization(target, headers, options);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    send(
      {
        host: url.hostname,
        port: url.port,
        path: target,
        method: options.method ?? 'GET',
        headers,
        ca: options.ca,
        agent: options.agent ?? false,
      },
      resolve,
    )
      .on('error', reject)
      .end();
  });
}

function authorization(
  target: string,
  headers: Readonly<Record<string, string>>,
  options: AskOptions,
): string {
  const { accessKey, secretKey } = options.account ?? demoAccount;
  const names = [...(options.signed ?? ['content-type', 'host'])];
  const iso = (options.at ?? new Date()).toISOString();
  const timestamp = options.milliseconds ? iso : iso.replace(/\.\d+Z$/, 'Z');
  const prefix = `auth-v2/${accessKey}/${timestamp}/${names.join(';')}`;
  const [path = '', query] = target.split('?');
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => `${percent(name)}=${percent(value)}`);
  const canonical = [
    options.method ?? 'GET',
    path,
    ...(pairs.length > 0 ? [pairs.sort().join('&')] : []),
    names.join(';'),
    ...names.map((name) => `${percent(name)}:${percent(headers[name] ?? '')}`).sort(),
    '',
  ].join('\n');
  return `${prefix}/${hmac(hmac(secretKey, prefix), canonical)}`;
}

function percent(plain: string): string {
  return [...Buffer.from(plain)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function hmac(key: string, message: string): string {
  return createHmac('sha256', key).update(message).digest('hex');
}
