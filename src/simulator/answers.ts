import type { ServerResponse } from 'node:http';
import type { Failure } from './parameters.ts';

const success = '0200000';
const successDesc = 'query queryOBSResultCode Success!';
export const jsonContentType = 'application/json;charset=UTF-8';

/** A page that succeeded; `rows` and `total` are JSON already. */
export function pageBody(rows: string, total: string): string {
  return (
    `{"obsCodes":[${rows}],"returnCode":"${success}","resultCode":"${success}",` +
    `"resultDesc":"${successDesc}","totalCount":${total},"returnDesc":"${successDesc}"}`
  );
}

/** A failure inside a 200: no list, no total. */
export function failureBody({ resultCode, resultDesc }: Failure, returnCode = resultCode): string {
  return JSON.stringify({ returnCode, resultCode, resultDesc, returnDesc: resultDesc });
}

export function errorBody(status: number, message: string): string {
  return JSON.stringify({ status, message });
}

/** Sends a whole answer with its length. */
export function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = { 'Content-Type': jsonContentType },
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
